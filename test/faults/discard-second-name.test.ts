/*
 * A directory that is reached by a second path on another device, as through an overlay or a share that the server itself has
 * mounted: it holds the same samples because it is the same directory, and nothing else holds them. It is no place where they
 * are kept. The overlay is in a mount namespace of its own.
 */
import { mkdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mainFile, openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { runCommand } from '../harness/run-command.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';
import { makeOrphan } from '../scenarios/stitch-volumes.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const isPossible = programs !== undefined && process.getuid?.() === 0;

let holdfast: Holdfast;
let share = '';

beforeAll(async () => {
  if (!isPossible) return;
  holdfast = await openHoldfast();
  share = join(holdfast.directory, 'share');
  for (const name of ['upper', 'work', 'again']) await mkdir(join(share, name), { recursive: true });
  await makeOrphan(join(programs, 'promtool'), join(share, 'orphan'), { from: 0, to: 6 });
  const long = new Date('2020-01-01');
  for (const path of Object.keys(await snapshotTree(join(share, 'orphan')))) {
    await utimes(join(share, 'orphan', path), long, long);
  }
});
afterAll(async () => {
  if (isPossible) await holdfast.cleanUp();
});

const script = `
mount -t overlay overlay -o "lowerdir=$0/orphan,upperdir=$0/upper,workdir=$0/work" "$0/again" || exit 3
"$@"
`;

describe.skipIf(!isPossible)('a second name of a directory (skipped without Prometheus, and but for root)', () => {
  test('is not taken for a second directory', async ({ skip }) => {
    const line = [process.execPath, mainFile(), 'rescue', 'discard', join(share, 'orphan')];
    const words = ['--kept-in', join(share, 'again'), '--confirm', 'orphan', '--json'];
    const { environment, directory: cwd } = holdfast;
    const inNamespace = ['--mount', '--propagation', 'private', 'sh', '-c', script, share];
    const done = await runCommand('unshare', [...inNamespace, ...line, ...words], { cwd, environment });
    if (done.exitCode === 3) skip('overlays cannot be mounted here');
    expect(done.exitCode).toBe(10);
    const { error } = JSON.parse(done.stdout.trim().split('\n').at(-1) ?? '') as { error: Record<string, string> };
    expect(error).toMatchObject({ code: 'not-elsewhere' });
    expect(error['message']).toContain('it is the same directory');
  });
});
