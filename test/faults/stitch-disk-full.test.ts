/*
 * A stitch onto a disk that is too small: it is refused before anything is written where that can be seen, fails by the name
 * of the disk where it cannot (bytes enough, and no room for another file), and the same command finishes it once there is
 * room. The disk is a tmpfs in a mount namespace of its own, and so a mount that holds its own journal.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StitchProof } from '../../src/model/stitch-step.ts';
import { mainFile, openHoldfast, type Holdfast, type HoldfastOutcome } from '../harness/holdfast.ts';
import { runCommand } from '../harness/run-command.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';
import { makeOrphan } from '../scenarios/stitch-volumes.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const isPossible = programs !== undefined && process.getuid?.() === 0;

let holdfast: Holdfast;
let sources: readonly string[] = [];

beforeAll(async () => {
  if (!isPossible) return;
  holdfast = await openHoldfast();
  const promtool = join(programs, 'promtool');
  sources = ['first', 'second'].map((name) => join(holdfast.directory, name));
  await makeOrphan(promtool, sources[0] ?? '', { from: 0, to: 6 });
  await makeOrphan(promtool, sources[1] ?? '', { from: 8, to: 12 });
});
afterAll(async () => {
  if (isPossible) await holdfast.cleanUp();
});

/** The command three times, on the same disk with other limits. */
const script = `
mount -t tmpfs -o size=1m,mode=700 none "$0" || exit 3
"$@" > "$0-small.json"
mount -o remount,size=64m,nr_inodes=24 "$0" || exit 3
"$@" > "$0-few.json"
mount -o remount,size=64m,nr_inodes=0 "$0" || exit 3
"$@" > "$0-enough.json"
code=$?
ls "$0"
exit $code
`;

describe.skipIf(!isPossible)('a stitch on a small disk (skipped without Prometheus, and but for root)', () => {
  test('is refused or fails by name, changes no source, and finishes once there is room', async () => {
    const disk = join(holdfast.directory, 'disk');
    await mkdir(disk);
    const before = await Promise.all(sources.map((source) => snapshotTree(source)));
    const line = [process.execPath, mainFile(), 'rescue', 'stitch', ...sources, '--into', disk];
    const { environment, directory: cwd } = holdfast;
    const words = ['--mount', '--propagation', 'private', 'sh', '-c', script, disk, ...line];
    const done = await runCommand('unshare', [...words, '--confirm', 'disk', '--json'], { cwd, environment });
    expect((await resultOf(`${disk}-small.json`)).error).toMatchObject({ code: 'disk-full' });
    expect((await resultOf(`${disk}-small.json`)).error?.message).toContain('needs');
    expect((await resultOf(`${disk}-few.json`)).error).toMatchObject({ code: 'disk-full' });
    expect((await resultOf(`${disk}-few.json`)).error?.message).toContain('ENOSPC');
    const proof = (await resultOf(`${disk}-enough.json`)).proof as unknown as StitchProof;
    expect(proof).toMatchObject({ lost: 0, added: 0, into: disk });
    expect(done.exitCode).toBe(0);
    const names = done.stdout.trim().split('\n');
    expect(names.filter((name) => !/^[0-9A-Z]{26}$/.test(name))).toEqual(['stitch']);
    expect(await Promise.all(sources.map((source) => snapshotTree(source)))).toEqual(before);
  });
});

async function resultOf(file: string): Promise<HoldfastOutcome['json']> {
  const text = await readFile(file, 'utf8');
  return JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as HoldfastOutcome['json'];
}
