/**
 * Samples that come late at times that are taken already: where stale markers stand, where the same value stands, also in the
 * head while the late one is in a block, and where another value stands. What Prometheus answers is counted once. Of two
 * values one is counted, and the other one is said: no proof passes over it, nothing is discarded or stitched for it.
 */
import { randomBytes } from 'node:crypto';
import { cp, mkdir, lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TsdbInventory } from '../../src/model/tsdb-inventory.ts';
import { proveKept } from '../../src/observations/discard/prove-kept.ts';
import { compareTsdbInventories } from '../../src/rules/tsdb-verdict.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { newUlid } from '../../src/tsdb/write/new-ulid.ts';
import { writeHeadBlocks } from '../../src/tsdb/write/write-head-blocks.ts';
import { waitFor } from '../harness/wait-for.ts';
import { countCutBlocks, openFixture, type Fixture } from './prometheus.ts';
import { remoteWrite } from './remote-write.ts';
import { look, readers } from './tsdb-readers.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const minuteMs = 60_000;
const windowMs = 120 * minuteMs;
/** The beginning of a window of two hours. */
const baseMs = Math.floor(Date.now() / windowMs) * windowMs - 4 * windowMs;
const none = { samples: 0, digest: '0'.repeat(16) };

const minutes = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

function write(fixture: Fixture, times: readonly number[], valueOf: (minute: number) => number | 'stale') {
  const samples = times.map((minute) => ({ timeMs: baseMs + minute * minuteMs, value: valueOf(minute) }));
  return remoteWrite(fixture, [{ labels: { __name__: 'told', job: 'a' }, samples }]);
}

async function countAnswered(fixture: Fixture): Promise<number> {
  const range = new URLSearchParams({ query: 'told[12h]', time: String((baseMs + 600 * minuteMs) / 1000) });
  const { body } = await fixture.ask(`/api/v1/query?${range.toString()}`);
  const { data } = JSON.parse(body) as { readonly data: { readonly result: { values: unknown[] }[] } };
  return data.result.reduce((sum, { values }) => sum + values.length, 0);
}

const inventoryOf = (data: string) =>
  takeInventory({ files: quietFiles(data), settledMs: null, onRead: () => undefined });

const rulesOf = ({ findings }: TsdbInventory) => findings.map(({ rule, severity }) => `${severity} ${rule}`);

describe.each([
  ['2', programs === undefined ? undefined : join(programs, 'prometheus')],
  ['3', process.env['HOLDFAST_TEST_PROMETHEUS3']],
])('by a Prometheus %s (skipped where there is none)', (_, program = '') => {
  describe.skipIf(program === '')('samples that come late', () => {
    let fixture: Fixture;
    beforeEach(async () => {
      fixture = await openFixture({
        program,
        flags: ['--web.enable-remote-write-receiver'],
        config: { storage: { tsdb: { out_of_order_time_window: '1d' } } },
      });
      await fixture.start();
    });
    afterEach(async () => fixture.cleanUp());

    const isCut = async (blocks: number) =>
      waitFor(`${blocks} blocks are cut`, async () => (await countCutBlocks(fixture.data)) >= blocks);
    const copyTo = async (name: string): Promise<string> => {
      const to = join(fixture.directory, name);
      await fixture.stop();
      await cp(fixture.data, to, { recursive: true });
      await rm(join(to, 'lock'), { force: true });
      await fixture.start();
      return to;
    };
    /** What is counted is what Prometheus answers, also after it was killed. */
    const agrees = async (samples: number): Promise<void> => {
      expect([await countAnswered(fixture), fixture.inventory().totals.samples]).toEqual([samples, samples]);
      await fixture.stop('SIGKILL');
      await fixture.start();
      expect([await countAnswered(fixture), fixture.inventory().totals.samples]).toEqual([samples, samples]);
    };
    const keeps = async (data: string, keeper: string) =>
      proveKept(
        { directory: data, tsdbs: [data], keepers: [{ path: keeper, inode: (await lstat(keeper)).ino }] },
        readers,
        look,
      );
    const stitched = async (data: string): Promise<string> => {
      const into = join(fixture.directory, 'blocks');
      await mkdir(into);
      const order = { files: quietFiles(data), coveredToMs: null, into, onRead: () => undefined };
      writeHeadBlocks({ ...order, newUlid: (atMs) => newUlid(atMs, randomBytes(10)) });
      for (const { ulid } of inventoryOf(data).blocks)
        await cp(join(data, ulid), join(into, ulid), { recursive: true });
      return into;
    };
    const sums = ({ windows }: TsdbInventory) =>
      windows.map(({ fromMs, samples, digest }) => ({ fromMs, samples, digest }));

    test('where stale markers stand in a block are counted, and nobody keeps them who has the markers alone', async () => {
      await write(fixture, minutes(0, 60), (minute) => minute);
      await write(fixture, minutes(60, 90), () => 'stale');
      await write(fixture, minutes(90, 240), (minute) => minute);
      await isCut(1);
      const before = await copyTo('before');
      await write(fixture, minutes(60, 90), (minute) => minute);
      await agrees(240);
      const after = await copyTo('after');
      expect(inventoryOf(after)).toMatchObject({ totals: { staleMarkers: 0, outOfOrderSamples: 30 }, conflicts: none });
      expect((await keeps(after, before)).lost).toMatchObject([{ samples: 30, changed: 0 }]);
      expect((await keeps(before, after)).lost).toEqual([]);
      expect(sums(inventoryOf(await stitched(after)))).toEqual(sums(inventoryOf(after)));
      await write(fixture, minutes(240, 400), (minute) => minute);
      await isCut(3);
      await waitFor('what was late is in a block', () =>
        Promise.resolve(fixture.inventory().totals.outOfOrderSamples === 0),
      );
      await agrees(400);
      expect(sums(fixture.inventory())).toEqual(expect.arrayContaining(sums(inventoryOf(after)).slice(0, 1)));
    });

    test('where stale markers stand in the head count too, also in blocks that are made of it', async () => {
      await write(fixture, minutes(0, 30), (minute) => minute);
      await write(fixture, minutes(30, 40), () => 'stale');
      await write(fixture, minutes(40, 60), (minute) => minute);
      await write(fixture, minutes(30, 40), (minute) => minute);
      await agrees(60);
      const after = await copyTo('after');
      expect(sums(inventoryOf(await stitched(after)))).toEqual(sums(inventoryOf(after)));
    });

    test('once more with the same value are counted once, also while one is in a block and the other in the head', async () => {
      await write(fixture, minutes(0, 170), (minute) => minute);
      const first = fixture.inventory();
      await write(fixture, minutes(125, 150), (minute) => minute);
      await agrees(170);
      expect(sums(fixture.inventory())).toEqual(sums(first));
      await write(fixture, minutes(170, 190), (minute) => minute);
      await isCut(2);
      await agrees(190);
      expect(rulesOf(fixture.inventory())).toEqual([]);
      const copy = await copyTo('copy');
      const counted = inventoryOf(copy);
      expect(counted).toMatchObject({ totals: { samples: 190, outOfOrderSamples: 0 }, conflicts: none });
      expect(compareTsdbInventories({ before: first, after: counted })).toMatchObject({ lost: { samples: 0 } });
      expect(sums(inventoryOf(await stitched(copy)))).toEqual(sums(counted));
      await write(fixture, minutes(190, 320), (minute) => minute);
      await isCut(3);
      await agrees(320);
      expect(compareTsdbInventories({ before: counted, after: fixture.inventory() }).lost.samples).toBe(0);
    });

    test.each([
      ['a block', 240, minutes(0, 30)],
      ['the head', 60, minutes(10, 30)],
    ])('with another value than %s holds are said, and no proof passes over them', async (__, held, late) => {
      await write(fixture, minutes(0, held), (minute) => minute);
      if (held > 180) await isCut(1);
      const before = await copyTo('before');
      await write(fixture, late, (minute) => -1 - minute);
      await agrees(held);
      const after = await copyTo('after');
      const { conflicts, ...counted } = inventoryOf(after);
      expect(conflicts.samples).toBe(late.length);
      expect(rulesOf({ conflicts, ...counted })).toEqual(['warning conflicting-values']);
      expect(
        compareTsdbInventories({ before: inventoryOf(after), after: inventoryOf(before) }).findings,
      ).toContainEqual(expect.objectContaining({ rule: 'conflicts-differ' }));
      const again = compareTsdbInventories({ before: inventoryOf(after), after: fixture.inventory() });
      expect(again.findings.map(({ rule }) => rule)).not.toContain('conflicts-differ');
      expect((await keeps(after, before)).undecided[0]).toContain('another value');
      expect((await keeps(before, after)).undecided[0]).toContain('another value');
      // Wherever they lie later on, they are the same.
      await write(fixture, minutes(held, 400), (minute) => minute);
      await waitFor('what was late is in a block', () =>
        Promise.resolve(fixture.inventory().totals.outOfOrderSamples === 0),
      );
      expect(fixture.inventory().conflicts).toEqual(conflicts);
    });

    test('twice, with two values', async () => {
      await write(fixture, minutes(60, 140), (minute) => minute);
      await write(fixture, minutes(0, 40), (minute) => minute);
      const before = await copyTo('before');
      await write(fixture, minutes(0, 40), (minute) => 1000 + minute);
      await fixture.stop();
      const counted = inventoryOf(fixture.data);
      expect(counted).toMatchObject({ totals: { samples: 120, outOfOrderSamples: 40 }, conflicts: { samples: 40 } });
      expect(rulesOf(counted)).toEqual(['warning conflicting-values']);
      expect((await keeps(before, fixture.data)).undecided[0]).toContain('another value');
    });
  });
});
