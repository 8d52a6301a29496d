/**
 * wbl/ of a current Prometheus, in which it keeps samples that came out of order until it cuts a block of them: a segment is
 * missing, or ends within a record. Of each it is known what Prometheus does with it, from a start on a copy; check says
 * what it is; repair puts in order what can be; and then Prometheus answers what our reader counts, also once it was
 * started again.
 */
import { cp, mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findWalFaults } from '../../src/tsdb/check/find-wal-faults.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { cutTornEnd } from '../../src/tsdb/write/mend-wal.ts';
import { checkDirectory } from './check-directory.ts';
import { openFixture, pushRounds, type FixtureOptions } from './prometheus.ts';
import { planFor, repairDirectory } from './repair-directory.ts';
import { answersOnCopy } from './answers-on-copy.ts';

const program = process.env['HOLDFAST_TEST_PROMETHEUS3'];
const missing = process.env['HOLDFAST_TEST_PROMETHEUS3_MISSING'];
const minuteMs = 60_000;
const nowMs = Math.floor(Date.now() / minuteMs) * minuteMs;

interface Case {
  readonly name: string;
  readonly hurt: (wbl: string) => Promise<unknown>;
  readonly starts: boolean;
  /** What check says, with its severity. */
  readonly rules: readonly string[];
  /** What repair does beside counting and proving. */
  readonly steps: readonly string[];
  /** True where a repair brings back what Prometheus would not read any more. */
  readonly regains?: boolean;
}

const cut = async (path: string): Promise<void> => truncate(path, (await stat(path)).size - 40);
const cases: readonly Case[] = [
  { name: 'nothing is wrong', hurt: async () => undefined, starts: true, rules: [], steps: [] },
  {
    name: 'a segment between others is missing',
    hurt: async (wbl) => rm(join(wbl, '00000001')),
    starts: false,
    rules: ['error missing-segment'],
    steps: ['fill-hole'],
    regains: true,
  },
  {
    // It begins anywhere once a block of what was before has been cut.
    name: 'the first segment is missing',
    hurt: async (wbl) => rm(join(wbl, '00000000')),
    starts: true,
    rules: [],
    steps: [],
  },
  {
    name: 'the last segment ends within a record',
    hurt: async (wbl) => cut(join(wbl, '00000002')),
    starts: true,
    // Not for this version, but 2.42 would cut wal/ there (torn-wbl.test.ts).
    rules: ['error torn-tail'],
    steps: ['rewrite-segment'],
  },
  {
    // Prometheus deletes all that comes behind it.
    name: 'a segment between others ends within a record',
    hurt: async (wbl) => cut(join(wbl, '00000001')),
    starts: true,
    rules: ['error truncated'],
    steps: ['rewrite-segment'],
    regains: true,
  },
];

describe.skipIf(program === undefined)(
  `wbl/ of a current Prometheus${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let directory = '';

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'holdfast-wbl-'));
      const fixture = await openFixture(options);
      try {
        for (let part = 0; part < 3; part += 1) {
          await fixture.start();
          if (part === 0) await pushRounds(fixture, { fromMs: nowMs - 60 * minuteMs, rounds: 60, everyMs: minuteMs });
          const fromMs = nowMs - (50 - 15 * part) * minuteMs + 30_000;
          await pushRounds(fixture, { fromMs, rounds: 12, everyMs: minuteMs });
          await fixture.stop('SIGKILL');
        }
        await cp(fixture.data, join(directory, 'whole'), { recursive: true });
      } finally {
        await fixture.cleanUp();
      }
      expect((await readdir(join(directory, 'whole', 'wbl'))).sort()).toEqual(['00000000', '00000001', '00000002']);
    });
    afterAll(async () => rm(directory, { recursive: true, force: true }));

    test.each(cases)('$name', async ({ hurt, starts, rules, steps, regains = false }) => {
      const data = join(directory, 'data');
      for (const path of [data, `${data}-quarantine`]) await rm(path, { recursive: true, force: true });
      await cp(join(directory, 'whole'), data, { recursive: true });
      await hurt(join(data, 'wbl'));
      const before = countOf(data);
      expect(await answersOf(data)).toEqual(starts ? [before, before] : []);
      expect(checkDirectory(data).findings.map(({ severity, rule }) => `${severity} ${rule}`)).toEqual(rules);
      expect(planFor(data).steps.flatMap(({ kind }) => (always.has(kind) ? [] : [kind]))).toEqual(steps);
      if (steps.length === 0) return;
      const proof = await repairDirectory(data);
      const after = countOf(data);
      expect(proof).toMatchObject({ lost: { samples: 0 }, kept: { samples: after }, regained: after - before });
      expect(after > before).toBe(regains);
      expect(await answersOf(data)).toEqual([after, after]);
      expect(planFor(data).steps).toEqual([]);
      expect(checkDirectory(data).errors).toBe(0);
    });

    test('the WAL ends within a record: Prometheus would not read wbl/, and does once that end is cut off', async () => {
      for (const mend of ['start', 'repair'] as const) {
        const data = join(directory, 'data');
        for (const path of [data, `${data}-quarantine`]) await rm(path, { recursive: true, force: true });
        await cp(join(directory, 'whole'), data, { recursive: true });
        await cut(join(data, 'wal', '00000002'));
        const before = countOf(data);
        const [atFirst = before] = await answersOf(data);
        expect(atFirst).toBeLessThan(before);
        const [tornEnd] = (await findWalFaults(data)).tornEnds;
        expect(tornEnd?.path).toBe('wal/00000002');
        if (mend === 'start' && tornEnd !== undefined) await cutTornEnd(data, tornEnd);
        else await repairDirectory(data);
        expect(countOf(data)).toBe(before);
        expect(await answersOf(data)).toEqual([before, before]);
        expect((await findWalFaults(data)).tornEnds).toEqual([]);
      }
    });
  },
);

const options: FixtureOptions = {
  program: program ?? '',
  flags: ['--web.enable-otlp-receiver'],
  config: { storage: { tsdb: { out_of_order_time_window: '10d' } }, otlp: {} },
};

async function answersOf(data: string): Promise<readonly number[]> {
  return answersOnCopy(options, data, { query: 'sum(count_over_time({__name__=~"fixture.*"}[3h]))', atMs: nowMs });
}

const always: ReadonlySet<string> = new Set(['write-manifest', 'count-before', 'prove-repair']);

function countOf(data: string): number {
  return takeInventory({ files: quietFiles(data), settledMs: null, onRead: () => undefined }).totals.samples;
}
