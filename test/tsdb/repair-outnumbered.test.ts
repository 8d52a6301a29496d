/**
 * All segments of a WAL have numbers that its checkpoint covers, and tell series once more that the checkpoint holds, as
 * where a Prometheus died before it removed them and what came behind is gone. Read behind the checkpoint, they would make
 * each version of Prometheus drop what the checkpoint holds: a repair moves them aside.
 */
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { writeWal, type WalEntry } from '../harness/write-head.ts';
import { openFixture } from './prometheus.ts';
import { planFor, repairDirectory } from './repair-directory.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const current = process.env['HOLDFAST_TEST_PROMETHEUS3'];
const startMs = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000;
const rounds = 60;

describe.skipIf(programs === undefined)('segments that a checkpoint covers (skipped without Prometheus)', () => {
  let directory = '';

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-outnumbered-'));
  });
  afterAll(async () => rm(directory, { recursive: true, force: true }));

  test.each([
    { tells: 'once more', steps: ['move-aside', 'move-aside', 'fill-hole'], after: 2 * rounds },
    { tells: 'not again', steps: ['rename-segment', 'rename-segment'], after: 6 * rounds },
  ])('they tell its series $tells', async ({ tells, steps, after }) => {
    const data = join(directory, tells.replace(' ', '-'));
    const labels = tells === 'once more' ? series : [];
    writeWal(join(data, 'wal', 'checkpoint.00000009', '00000000'), [...series, ...samplesOf(0)]);
    writeWal(join(data, 'wal', '00000002'), [...labels, ...samplesOf(1)]);
    writeWal(join(data, 'wal', '00000003'), samplesOf(2));
    for (const program of everyPrometheus()) expect(await answersOf(program, data)).toBe(2 * rounds);
    expect(planFor(data).steps.flatMap(({ kind }) => (always.has(kind) ? [] : [kind]))).toEqual(steps);
    const proof = await repairDirectory(data);
    expect(proof).toMatchObject({ lost: { samples: 0 }, undecided: { samples: 0 }, kept: { samples: after } });
    for (const program of everyPrometheus()) expect(await answersOf(program, data)).toBe(after);
    expect(planFor(data).steps).toEqual([]);
    expect(countOf(data)).toBe(after);
    const aside = await readdir(join(`${data}-quarantine`, 'run-1', 'wal')).catch(() => []);
    expect(aside.sort()).toEqual(tells === 'once more' ? ['00000002', '00000003'] : []);
  });
});

const always: ReadonlySet<string> = new Set(['write-manifest', 'count-before', 'prove-repair']);
const references = [1, 2];
const series: readonly WalEntry[] = references.map((one) => {
  return { series: one, labels: { __name__: 'wal_value', series: String(one) } };
});

/** Ten seconds apart, behind those of the part before. */
function samplesOf(part: number): readonly WalEntry[] {
  return Array.from({ length: rounds }, (_, round) => {
    const timeMs = startMs + (part * rounds + round) * 10_000;
    return { samples: references.map((one) => [one, timeMs, one * timeMs] as const) };
  });
}

function everyPrometheus(): readonly string[] {
  return [join(programs ?? '', 'prometheus'), ...(current === undefined ? [] : [current])];
}

async function answersOf(program: string, data: string): Promise<number> {
  const fixture = await openFixture({ program });
  try {
    await rm(fixture.data, { recursive: true });
    await cp(data, fixture.data, { recursive: true });
    await fixture.start();
    const query = encodeURIComponent('sum(count_over_time(wal_value[2h]))');
    const { body } = await fixture.ask(`/api/v1/query?query=${query}&time=${(startMs + 3_600_000) / 1000}`);
    return Number(/"(\d+)"\]/.exec(body)?.[1]);
  } finally {
    await fixture.cleanUp();
  }
}

function countOf(data: string): number {
  return takeInventory({ files: quietFiles(data), settledMs: null, onRead: () => undefined }).totals.samples;
}
