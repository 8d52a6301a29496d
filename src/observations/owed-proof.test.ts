/**
 * A run that was interrupted before its proof leaves a stack that runs and looks well: `status` says what is owed, but not
 * while somebody is at work on it.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acceptedPath } from '../data-root/debt.ts';
import { writeProof } from '../data-root/proof-file.ts';
import { paths } from '../model/paths.ts';
import type { Proof } from '../model/proof.ts';
import { judgeOwedProof } from './owed-proof.ts';

const earlier = '20261123T021500Z-rebuild-0001';
const run = '20261124T021500Z-rebuild-0002';

let dataRoot = '';
beforeEach(async () => {
  dataRoot = await mkdtemp(join(tmpdir(), 'holdfast-owed-'));
  await put(paths.inventory(earlier), '{}');
  await put(paths.inventory(run), '{}');
});
afterEach(() => rm(dataRoot, { recursive: true }));

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(dataRoot, path)), { recursive: true });
  await writeFile(join(dataRoot, path), text);
}

const proof: Proof = {
  format: 1,
  run,
  stack: 'monitoring',
  provedAtMs: 1,
  completeToMs: 1,
  kept: { series: 1, samples: 1 },
  lost: { samples: 0, windows: [] },
  expired: { samples: 0 },
  gap: null,
  added: { samples: 0 },
  components: [],
  tsdb: null,
  findings: [],
};

function prove(lost = 0): Promise<void> {
  return writeProof(join(dataRoot, paths.proof(run)), { ...proof, lost: { samples: lost, windows: [] } });
}

async function judge({ alive = true, judgedRun }: { alive?: boolean; judgedRun?: string } = {}) {
  return judgeOwedProof({ dataRoot, isAlive: async () => alive }, judgedRun);
}

test('an inventory without a proof is a warning that names the run and what to do', async () => {
  expect(await judge()).toEqual([
    {
      rule: 'proof-owed',
      severity: 'warning',
      object: `runs/${run}`,
      message: expect.stringContaining(run) as string,
      remedy: '`holdfast rebuild` (or `holdfast up`) writes it.',
    },
  ]);
});

test('a good proof settles it, whatever the earlier proofs are: they are not read', async () => {
  await prove();
  await put(paths.proof(earlier), 'not even JSON');
  expect(await judge()).toEqual([]);
});

test('a proof that failed leaves it owed, which is said once: by the finding of that proof', async () => {
  await prove(5);
  expect(await judge({ judgedRun: earlier })).toMatchObject([{ rule: 'proof-owed' }]);
  expect(await judge({ judgedRun: run })).toEqual([]);
});

test('a loss that was accepted is not owed any more', async () => {
  await prove(5);
  await put(acceptedPath(run), '');
  expect(await judge()).toEqual([]);
});

test('a data root that never took an inventory owes nothing', async () => {
  await rm(join(dataRoot, paths.inventories), { recursive: true });
  expect(await judge()).toEqual([]);
});

const other = '20261124T030000Z-down-0003';

test.each([
  ['the run itself', { verb: 'teardown', run }, true, 0],
  ['a rebuild that goes on with it', { verb: 'rebuild', run: other }, true, 0],
  ['an up that writes it', { verb: 'up', run: other }, true, 0],
  ['a down, which leaves it standing', { verb: 'down', run: other }, true, 1],
  ['a run that was killed', { verb: 'rebuild', run }, false, 1],
])('while the lock is held by %s', async (_who, holder, alive, findings) => {
  const identity = { host: 'h', bootId: 'b', pid: 7, startTicks: 1 };
  await put(paths.lock, JSON.stringify({ format: 1, ...identity, ...holder, token: '0123456789abcdef' }));
  expect(await judge({ alive })).toHaveLength(findings);
});
