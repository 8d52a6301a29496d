/**
 * `holdfast repair` is killed in the place of each call that changes the disk (of a write, half of it is there), and killed
 * once more while the same command finishes. At every moment all originals are in the volume or in the quarantine, and what
 * comes out is what comes out of one that nobody killed. The kill points are counted, not listed: a new kind of step is
 * covered as soon as one of the broken directories needs it, and the test demands that.
 */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RepairProof } from '../../src/model/repair-step.ts';
import { createRepairHandlers } from '../../src/steps/repair/repair-handlers.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { contentsOf, makeBrokenTsdbs, type BrokenTsdbs } from '../harness/broken-tsdb.ts';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { createRandom } from '../simulation/random.ts';
import { openFixture } from '../tsdb/prometheus.ts';
import { choosePoints, killCommand } from './kill-command.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const isLong = process.env['HOLDFAST_TEST_LONG'] === '1';

describe.skipIf(programs === undefined)('a repair that is killed (skipped where there is no promtool)', () => {
  let directory = '';
  let holdfast: Holdfast;
  let broken: BrokenTsdbs;
  const kinds = new Set<string>();

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-killed-'));
    holdfast = await openHoldfast();
    broken = await makeBrokenTsdbs(join(programs ?? '', 'promtool'), directory);
  });
  afterAll(async () => {
    await holdfast.cleanUp();
    await rm(directory, { recursive: true, force: true });
  });

  const data = (): string => join(directory, 'at-work', 'data');
  const begin = async (from: string): Promise<void> => {
    await rm(join(directory, 'at-work'), { recursive: true, force: true });
    await cp(from, data(), { recursive: true });
  };
  const repair = ['repair', '--confirm', 'data'] as const;
  const killAt = (call: number) =>
    killCommand({ holdfast, words: [...repair, data()], log: join(directory, 'calls'), call });
  const nothingIsGone = async (originals: ReadonlySet<string>): Promise<void> => {
    const found = await contentsOf(data(), `${data()}-quarantine`);
    expect([...originals].filter((content) => !found.has(content))).toEqual([]);
  };

  test.each(['headless', 'outnumbered', 'retold'] as const)(
    'ends as one that nobody killed, and its originals are never gone: %s',
    { timeout: isLong ? 3_600_000 : 900_000 },
    async (which) => {
      const originals = await contentsOf(broken[which]);
      await begin(broken[which]);
      const { plan } = (await holdfast.succeed(['repair', data(), '--plan'])).json;
      for (const { kind } of plan?.steps ?? []) kinds.add(kind);
      const { wasKilled, calls } = await killAt(Infinity);
      expect(wasKilled).toBe(false);
      const expected = await proofOf(data());
      const { windows, totals } = inventoryOf(data());
      expect(totals.samples).toBeGreaterThan(10_000);
      await opensInPrometheus(data(), windows);
      const random = createRandom(17);
      let killedTwice = 0;
      for (const call of choosePoints(calls)) {
        await begin(broken[which]);
        expect((await killAt(call)).wasKilled).toBe(true);
        await nothingIsGone(originals);
        if ((await killAt(1 + random.below(Math.max(1, calls.length - call)))).wasKilled) killedTwice += 1;
        await nothingIsGone(originals);
        await holdfast.succeed([...repair, data()]);
        const proof = await proofOf(data());
        const { run, provedAtMs } = expected;
        expect({ ...proof, run, provedAtMs }, `killed at ${call}: ${calls[call - 1]}`).toEqual(expected);
        expect(proof.lost.samples + proof.lost.staleMarkers).toBe(0);
        expect(inventoryOf(data()).windows).toEqual(windows);
        await nothingIsGone(originals);
        expect((await holdfast.succeed(['repair', data(), '--plan'])).json.plan?.steps).toEqual([]);
      }
      expect(killedTwice).toBeGreaterThan(0);
    },
  );

  test('and every kind of step was among them', () => {
    const handlers = createRepairHandlers({ runTask: () => Promise.reject(new Error('never')), now: Date.now });
    expect([...kinds].sort()).toEqual(Object.keys(handlers).sort());
  });
});

/** Of the one run that got so far. */
async function proofOf(data: string): Promise<RepairProof> {
  const quarantine = `${data}-quarantine`;
  const runs = (await readdir(quarantine)).filter((name) => existsSync(join(quarantine, name, 'proof.json')));
  expect(runs).toHaveLength(1);
  return JSON.parse(await readFile(join(quarantine, runs[0] ?? '', 'proof.json'), 'utf8')) as RepairProof;
}

function inventoryOf(data: string) {
  return takeInventory({ files: quietFiles(data), settledMs: null, onRead: () => undefined });
}

/** On a copy: it starts, and nothing that we count is gone afterwards. */
async function opensInPrometheus(data: string, windows: ReturnType<typeof inventoryOf>['windows']): Promise<void> {
  const fixture = await openFixture({ program: join(programs ?? '', 'prometheus') });
  try {
    await rm(fixture.data, { recursive: true });
    await cp(data, fixture.data, { recursive: true });
    await fixture.start();
    expect(fixture.inventory().windows).toEqual(windows);
  } finally {
    await fixture.cleanUp();
  }
}
