/**
 * The digest says what is there and not where it lies. A current Prometheus is given floats, native histograms, stale
 * markers and samples out of order, and our reader counts them while they are in the WAL, when they have been cut into
 * blocks, when the out-of-order ones have been compacted, after a restart and after a kill: always the same.
 */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TsdbInventory } from '../../src/model/tsdb-inventory.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { waitFor } from '../harness/wait-for.ts';
import { countCutBlocks, openFixture, pushRounds, type Fixture } from './prometheus.ts';

const program = process.env['HOLDFAST_TEST_PROMETHEUS3'];
const missing = process.env['HOLDFAST_TEST_PROMETHEUS3_MISSING'];
const minuteMs = 60_000;
const outOfOrder = { storage: { tsdb: { out_of_order_time_window: '10d' } }, otlp: {} };

describe.skipIf(program === undefined).each([
  ['XOR and histogram chunks', []],
  ['XOR2 and start-time chunks', ['--enable-feature=xor2-encoding,histograms-st-encoding,st-storage']],
  ['a WAL in zstd', ['--storage.tsdb.wal-compression-type=zstd']],
])(`%s${missing === undefined ? '' : ` (skipped: ${missing})`}`, (_, features) => {
  let fixture: Fixture;
  let given = { samples: 0, staleMarkers: 0 };
  let first: TsdbInventory;
  const nowMs = Math.floor(Date.now() / minuteMs) * minuteMs;

  beforeAll(async () => {
    const flags = ['--web.enable-otlp-receiver', ...features];
    fixture = await openFixture({ program: program ?? '', flags, config: outOfOrder });
    await fixture.start();
  });
  afterAll(async () => fixture.cleanUp());

  test('what was given is what is counted', async () => {
    const inOrder = await pushRounds(fixture, { fromMs: nowMs - 720 * minuteMs, rounds: 540, everyMs: minuteMs });
    const late = await pushRounds(fixture, { fromMs: nowMs - 620 * minuteMs + 30_000, rounds: 200, everyMs: minuteMs });
    given = { samples: inOrder.samples + late.samples, staleMarkers: inOrder.staleMarkers + late.staleMarkers };
    first = fixture.inventory();
    expect(first.findings).toEqual([]);
    expect(first.totals).toMatchObject({ series: 4, ...given });
    expect(first.totals.outOfOrderSamples).toBeLessThanOrEqual(late.samples);
    expect(first.jobs.map(({ job, windows }) => [job, sum(windows)])).toEqual([['fixture', given.samples]]);
  });

  test('Prometheus counts the same', async () => {
    for (const metric of ['fixture_gauge', 'fixture_histogram']) {
      const words = new URLSearchParams({ query: `sum(count_over_time(${metric}[13h]))`, time: String(nowMs / 1000) });
      const { status, body } = await fixture.ask(`/api/v1/query?${words.toString()}`);
      expect([status, body]).toEqual([200, expect.any(String)]);
      const counted = Number((JSON.parse(body) as Answer).data.result[0]?.value[1]);
      expect(counted).toBe(metric === 'fixture_histogram' ? 740 : given.samples - 740);
    }
  });

  test('a snapshot holds the same but for what came out of order and is in no block', async () => {
    const before = fixture.inventory().totals.outOfOrderSamples;
    const { body } = await fixture.ask('/api/v1/admin/tsdb/snapshot', { method: 'POST' });
    const after = fixture.inventory().totals.outOfOrderSamples;
    const { name } = (JSON.parse(body) as { readonly data: { readonly name: string } }).data;
    const { totals } = inventoryOf(join(fixture.data, 'snapshots', name));
    // They may be compacted into a block at any moment.
    expect([given.samples - before, given.samples - after]).toContain(totals.samples);
  });

  test('cut into blocks, restarted, killed and copied: the same digests', async () => {
    await waitFor('the head is cut into blocks', async () => (await countCutBlocks(fixture.data)) >= 3, {
      timeoutMs: 120_000,
    });
    expect(fixture.inventory().windows).toEqual(first.windows);
    await fixture.stop();
    expect(fixture.inventory().windows).toEqual(first.windows);
    await fixture.start();
    expect(fixture.inventory().windows).toEqual(first.windows);
    await fixture.stop('SIGKILL');
    expect(fixture.inventory().windows).toEqual(first.windows);
    const copy = join(fixture.directory, 'copy');
    await cp(fixture.data, copy, { recursive: true });
    expect(inventoryOf(copy).windows).toEqual(first.windows);
  });

  test('once those out of order are in blocks, they are no longer apart, and all else is the same', async () => {
    await fixture.start();
    // The head moves on and is cut, and what came out of order is cut with it.
    await pushRounds(fixture, { fromMs: nowMs - 180 * minuteMs, rounds: 180, everyMs: minuteMs });
    await waitFor(
      'the out-of-order samples are compacted',
      async () => fixture.inventory().totals.outOfOrderSamples === 0,
      { timeoutMs: 150_000, everyMs: 1000 },
    );
    const after = fixture.inventory();
    expect(after.findings).toEqual([]);
    const older = first.windows.filter(({ toMs }) => toMs <= nowMs - 180 * minuteMs);
    expect(after.windows.slice(0, older.length)).toEqual(older);
  });
});

function inventoryOf(directory: string): TsdbInventory {
  return takeInventory({ files: quietFiles(directory), settledMs: null, onRead: () => undefined });
}

interface Answer {
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

function sum(windows: readonly { readonly samples: number }[]): number {
  return windows.reduce((total, { samples }) => total + samples, 0);
}
