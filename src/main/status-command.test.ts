/** What `status` says beyond what the daemon sees: a stack that runs and looks well may still owe a proof. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  makeDataRoot,
  observation,
  removeDataRoot,
  runCli,
  stackFile,
  volumeIdentity,
  writeFiles,
} from './run-cli.fixture.ts';

const run = '20261124T020000Z-rebuild-0000abcd';

let dataRoot = '';
beforeEach(async () => {
  dataRoot = await makeDataRoot();
  await writeFiles(dataRoot, {
    'stack.json': stackFile,
    'volumes/prometheus/.holdfast.json': volumeIdentity,
    [`inventories/${run}.json`]: {},
  });
});
afterEach(() => removeDataRoot(dataRoot));

test('a proof that is owed is a warning, and the stack stays ok', async () => {
  const { status, stdout } = await runCli(['status'], { dataRoot, observation });
  expect(status).toBe(0);
  expect(stdout).toContain(`warning proof-owed (runs/${run}): Run ${run} took an inventory`);
  expect(stdout).toContain('-> `holdfast rebuild` (or `holdfast up`) writes it.');
});

test('the same as JSON', async () => {
  const { status, stdout } = await runCli(['status', '--json'], { dataRoot, observation });
  expect(status).toBe(0);
  const report = JSON.parse(stdout) as { readonly findings: readonly object[] };
  expect(report).toMatchObject({ ok: true });
  expect(report.findings).toContainEqual(expect.objectContaining({ rule: 'proof-owed', severity: 'warning' }));
});

test('where --data has named the data root, so does every command that is printed, in text and in JSON', async () => {
  const named = "`holdfast --data '/root-of-data' rebuild` (or `holdfast --data '/root-of-data' up`)";
  for (const json of [[], ['--json']]) {
    const { stdout } = await runCli(['status', '--data', dataRoot, ...json], { dataRoot, observation });
    expect(stdout).toContain(named);
  }
  const failed = await runCli(['status', '--data', '/nonexistent/x'], { dataRoot });
  expect(failed.stderr).toContain("Run `holdfast --data '/nonexistent/x' up`");
});

const vanished = {
  ...observation,
  volumes: observation.volumes.map((volume) => ({ ...volume, state: 'missing' as const })),
};

test.each([
  ['with a daemon', vanished],
  ['without one', undefined],
])('a volume that was moved away has one remedy, the one that `up` gives: %s', async (_how, seen) => {
  await writeFiles(dataRoot, { 'stack.json': { ...stackFile, desired: 'down' } });
  await rename(join(dataRoot, 'volumes/prometheus'), join(dataRoot, 'elsewhere'));
  const { status, stdout } = await runCli(['status', '--json'], { dataRoot, ...(seen && { observation: seen }) });
  expect(status).toBe(1);
  const { error, findings } = JSON.parse(stdout) as {
    readonly error: object;
    readonly findings: readonly { readonly rule: string }[];
  };
  const remedy =
    'Put the directory back at /root-of-data/volumes/prometheus (mount it, or move it back from where it was put).';
  expect(error).toMatchObject({ code: 'not-ok', remedy });
  expect(findings.filter(({ rule }) => rule === 'volume-refused')).toMatchObject([{ severity: 'error', remedy }]);
});
