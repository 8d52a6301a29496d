/**
 * wbl/ ends within a record, as a crash leaves it. A current Prometheus cuts that end off. 2.42 takes it for one of the WAL:
 * it cuts wal/ at that segment and place, and deletes what is behind, or does not start where there is no such segment. Check
 * says so; a start of ours and a repair cut the end off before; then both answer all of it, also once they were started again.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findWalFaults } from '../../src/tsdb/check/find-wal-faults.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { cutTornEnd } from '../../src/tsdb/write/mend-wal.ts';
import { writeWal } from '../harness/write-head.ts';
import { checkDirectory, said } from './check-directory.ts';
import { planFor, repairDirectory } from './repair-directory.ts';
import { answersOnCopy } from './answers-on-copy.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const current = process.env['HOLDFAST_TEST_PROMETHEUS3'];
const minuteMs = 60_000;
const startMs = Math.floor((Date.now() - 90 * minuteMs) / minuteMs) * minuteMs;
const references = [1, 2, 3];
const rounds = 100;
const lateRounds = 40;
/** One record of three is torn. */
const readable = references.length * (rounds + lateRounds - 1);

const cases = [
  { segment: '00000000', what: 'loses samples of the WAL', starts: true },
  { segment: '00000005', what: 'does not start', starts: false },
] as const;

describe.skipIf(programs === undefined)('a torn end of wbl/ (skipped where there is no Prometheus)', () => {
  let directory = '';
  let data = '';

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-torn-wbl-'));
    data = join(directory, 'data');
  });
  afterAll(async () => rm(directory, { recursive: true, force: true }));

  const begin = async (segment: string): Promise<void> => {
    for (const path of [data, `${data}-quarantine`]) await rm(path, { recursive: true, force: true });
    writeWal(join(data, 'wal', '00000000'), [
      ...references.map((one) => ({ series: one, labels: { __name__: 'check_value', series: String(one) } })),
      ...roundsFrom(startMs, rounds, 15_000),
    ]);
    const wbl = join(data, 'wbl', segment);
    writeWal(wbl, roundsFrom(startMs - 20 * minuteMs, lateRounds, 1000));
    const bytes = await readFile(wbl);
    await writeFile(wbl, bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) - 30));
    expect(countOf(data)).toBe(readable);
  };

  test.each(cases)('in segment $segment: 2.42 $what, and does not once it is cut off', async ({ segment, starts }) => {
    await begin(segment);
    const [first, second = readable] = await answersOf(join(programs ?? '', 'prometheus'), data);
    expect(first).toBe(starts ? readable : undefined);
    if (starts) expect(second).toBeLessThan(readable - references.length * lateRounds);
    if (current !== undefined) expect(await answersOf(current, data)).toEqual([readable, readable]);
    expect(said(checkDirectory(data))).toEqual([expect.stringMatching(`^error torn-tail wbl/${segment}@`)]);
    expect(said(checkDirectory(data, true))).toEqual([expect.stringMatching(`^info torn-tail wbl/${segment}@`)]);
    for (const mend of ['start', 'repair'] as const) {
      await begin(segment);
      const { damage, tornEnds } = await findWalFaults(data);
      expect([damage, ...tornEnds.map(({ path }) => path)]).toEqual([undefined, `wbl/${segment}`]);
      if (mend === 'start') for (const tornEnd of tornEnds) await cutTornEnd(data, tornEnd);
      else expect(await repairDirectory(data)).toMatchObject({ lost: { samples: 0 }, kept: { samples: readable } });
      for (const program of everyPrometheus()) expect(await answersOf(program, data)).toEqual([readable, readable]);
      expect((await findWalFaults(data)).tornEnds).toEqual([]);
      expect(checkDirectory(data).errors).toBe(0);
      expect(planFor(data).steps).toEqual([]);
    }
  });
});

function roundsFrom(fromMs: number, count: number, everyMs: number) {
  return Array.from({ length: count }, (_, at) => ({
    samples: references.map((one) => [one, fromMs + at * everyMs, one * 1000.1 + at] as const),
  }));
}

function everyPrometheus(): readonly string[] {
  return [join(programs ?? '', 'prometheus'), ...(current === undefined ? [] : [current])];
}

async function answersOf(program: string, data: string): Promise<readonly number[]> {
  const config = { storage: { tsdb: { out_of_order_time_window: '10d' } } };
  const question = { query: 'sum(count_over_time(check_value[4h]))', atMs: Date.now() };
  return answersOnCopy({ program, config }, data, question);
}

function countOf(data: string): number {
  return takeInventory({ files: quietFiles(data), settledMs: null, onRead: () => undefined }).totals.samples;
}
