/**
 * When a TSDB holds samples, told to the millisecond. promtool writes half a day with a stop of everything, a target that is
 * down, a job that falls silent, one that begins and ends, and one scrape that is missed, which is no gap. What the cache
 * tells is what the bytes tell, and whatever changes on a block has it read again; a cache that is torn, foreign or not
 * writable is said and does no harm. A current Prometheus is counted as the inventory counts it, wherever its samples lie.
 */
import {
  appendFile,
  chmod,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { JudgedCoverage } from '../../src/model/coverage.ts';
import type { TsdbCoverage } from '../../src/model/tsdb-coverage.ts';
import { judgeCoverage } from '../../src/rules/judge-coverage.ts';
import { BlockReader } from '../../src/tsdb/block/block-reader.ts';
import { coverFromCache } from '../../src/tsdb/coverage/cover-from-cache.ts';
import { coverTsdb } from '../../src/tsdb/coverage/cover-tsdb.ts';
import { holdFiles } from '../../src/tsdb/files/held-files.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { writeTombstones } from '../../src/tsdb/write/write-tombstones.ts';
import { waitFor } from '../harness/wait-for.ts';
import { writeWal } from '../harness/write-head.ts';
import { brief, intervalMs, makeCoverageBlocks, missing, spanMs } from './make-coverage-blocks.ts';
import { countCutBlocks, openFixture, pushRounds, type Fixture } from './prometheus.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const hourMs = 3_600_000;

function cover(directory: string, cacheDirectory: string | null = null): TsdbCoverage {
  const files = holdFiles(directory);
  try {
    return coverTsdb({ files, directory, cacheDirectory, nowMs: Date.now(), onRead: () => undefined });
  } finally {
    files.close();
  }
}

/** All but what the cache was good for. */
function told(coverage: TsdbCoverage): string {
  return JSON.stringify({ ...coverage, cache: null });
}

function samplesOf({ all }: TsdbCoverage): number {
  return all.ranges.reduce((sum, { samples }) => sum + samples, 0);
}

describe.skipIf(programs === undefined)('blocks by promtool (skipped where there is none)', () => {
  let directory = '';
  /** Blocks that no test changes. */
  let whole = '';
  let data = '';
  let cache = '';
  let samples = 0;
  /** Of the series of the first block. */
  const references: number[] = [];
  const startMs = Math.floor((Date.now() - 96 * hourMs) / (12 * hourMs)) * 12 * hourMs;
  const warm = () => coverFromCache({ directory: data, cacheDirectory: cache, nowMs: Date.now() });
  const blocks = async () => (await readdir(data)).filter((name) => name.length === 26).sort();
  const cacheFile = async () => join(cache, (await readdir(cache))[0] ?? '');

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-coverage-'));
    whole = join(directory, 'whole');
    samples = await makeCoverageBlocks(join(programs ?? '', 'promtool'), whole, startMs);
    const [first = ''] = (await readdir(whole)).filter((name) => name.length === 26).sort();
    const reader = new BlockReader(quietFiles(whole), first, { seriesCount: null, onDamage: () => undefined });
    for (const { reference } of reader.series()) references.push(reference);
    reader.close();
  });
  beforeEach(async () => {
    data = join(directory, 'data');
    cache = join(directory, 'home', 'cache');
    await rm(data, { recursive: true, force: true });
    await rm(join(directory, 'home'), { recursive: true, force: true });
    await cp(whole, data, { recursive: true });
    // Files that were changed a moment ago are not cached.
    await sleep(100);
  });
  afterAll(async () => rm(directory, { recursive: true, force: true }));

  describe('ranges and gaps', () => {
    const judge = (coverage = cover(data)): JudgedCoverage =>
      judgeCoverage(coverage, { stack: undefined, nowMs: Date.now() });
    const at = (afterMs: number) => startMs + afterMs;
    /** From the last sample before it to the first behind it. */
    const gapOf = ({ fromMs, toMs }: { fromMs: number; toMs: number }) => [at(fromMs) - intervalMs, at(toMs)];

    test('of everything: one stop, and nothing else', () => {
      const { ranges, gaps, ...rest } = judge();
      expect(ranges.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
        [startMs, at(missing.stop.fromMs) - intervalMs],
        [at(missing.stop.toMs), at(spanMs) - intervalMs],
      ]);
      expect(gaps.map(({ fromMs, toMs, reason }) => [fromMs, toMs, reason])).toEqual([
        [...gapOf(missing.stop), 'prometheus-down'],
      ]);
      expect([rest.samples, rest.intervalMs]).toEqual([samples, intervalMs]);
    });

    test('of each job: its own, the common one, and where it begins and ends', () => {
      const jobs = new Map(judge().jobs.map((job) => [job.job, job]));
      const gaps = (job: string) => jobs.get(job)?.gaps.map(({ fromMs, toMs, reason }) => [fromMs, toMs, reason]);
      const stop = [...gapOf(missing.stop), 'prometheus-down'];
      expect([...jobs.keys()]).toEqual(['brief', 'node', 'quiet']);
      expect(gaps('node')).toEqual([stop, [...gapOf(missing.down), 'target-down']]);
      expect(gaps('quiet')).toEqual([stop, [...gapOf(missing.quiet), 'unknown']]);
      expect(gaps('brief')).toEqual([stop]);
      const ranges = jobs.get('brief')?.ranges;
      expect([ranges?.[0]?.fromMs, ranges?.at(-1)?.toMs]).toEqual([at(brief.fromMs), at(brief.toMs) - intervalMs]);
    });

    test('samples in the WAL that nobody can name are said, with the cache and without it', () => {
      const afterAll = at(spanMs + 12 * hourMs);
      writeWal(join(data, 'wal', '00000000'), [{ samples: [[7, afterAll, 1]] }]);
      const [cold, known] = [cover(data, cache), warm()];
      for (const coverage of [cold, known]) {
        expect(coverage?.findings.map(({ rule, severity }) => [rule, severity])).toEqual([
          ['unknown-series', 'warning'],
        ]);
        expect(coverage?.all.ranges.at(-1)?.toMs).toBe(at(spanMs) - intervalMs);
      }
    });

    test('a block that is gone, and one that cannot be read', async () => {
      const names = await blocks();
      const lost = { fromMs: 4 * hourMs, toMs: 6 * hourMs };
      await rename(join(data, names[2] ?? ''), join(directory, 'home-of-the-lost'));
      const without = judge();
      expect(without.gaps.map(({ reason }) => reason)).toEqual(['prometheus-down', 'missing-block']);
      expect(without.gaps[1]).toMatchObject({ fromMs: at(lost.fromMs) - intervalMs, toMs: at(lost.toMs) });
      await rename(join(directory, 'home-of-the-lost'), join(data, names[2] ?? ''));
      await rm(join(data, names[2] ?? '', 'index'));
      const damaged = cover(data, cache);
      expect(damaged.findings).toMatchObject([{ rule: 'missing', severity: 'error', file: `${names[2]}/index` }]);
      expect(judge(damaged).gaps.map(({ reason }) => reason)).toEqual(['prometheus-down', 'damage']);
      // It is told each time, and the others come from the cache.
      expect(warm()).toBeUndefined();
      const again = cover(data, cache);
      expect(told(again)).toBe(told(damaged));
      expect(again.cache).toMatchObject({ hits: 5, misses: 1 });
    });

    test('of a chunk file that is cut short, what can be read is there, and the rest is said', async () => {
      const [first = ''] = await blocks();
      const file = join(data, first, 'chunks', '000001');
      await truncate(file, Math.floor((await readFile(file)).length / 2));
      const coverage = cover(data, cache);
      expect(coverage.findings.length).toBeGreaterThan(0);
      expect(coverage.findings.every((finding) => finding.file.startsWith(first))).toBe(true);
      expect(samplesOf(coverage)).toBeGreaterThan(samples / 2);
      expect(samplesOf(coverage)).toBeLessThan(samples);
    });
  });

  describe('the cache', () => {
    test('tells what the bytes tell, to the byte', () => {
      const none = cover(data);
      const cold = cover(data, cache);
      expect([told(cold), cold.cache]).toEqual([told(none), { hits: 0, misses: 6, notes: [] }]);
      const again = cover(data, cache);
      expect([told(again), again.cache]).toEqual([told(none), { hits: 6, misses: 0, notes: [] }]);
      const quick = warm();
      expect(quick === undefined ? '' : told(quick)).toBe(told(none));
      expect(quick?.cache).toEqual({ hits: 6, misses: 0, notes: [] });
    });

    test.each<[string, (block: string) => Promise<unknown>]>([
      ['the times of the index', async (block) => utimes(join(block, 'index'), 1, 1)],
      ['the inode of a chunk file', (block) => replace(join(block, 'chunks', '000001'))],
      ['the inode of the index', (block) => replace(join(block, 'index'))],
      ['the mode of a chunk file, by its change time', async (block) => chmod(join(block, 'chunks', '000001'), 0o600)],
      ['meta.json, by what stands in it', async (block) => appendFile(join(block, 'meta.json'), '\n')],
      ['tombstones that go', async (block) => rm(join(block, 'tombstones'))],
      [
        'a chunk file that comes',
        async (block) => copyFile(join(block, 'chunks', '000001'), join(block, 'chunks', '000002')),
      ],
    ])('%s is a key of it: the block is read again', async (_, change) => {
      cover(data, cache);
      const [first = ''] = await blocks();
      await change(join(data, first));
      await sleep(100);
      const again = cover(data, cache);
      expect([again.cache.hits, again.cache.misses]).toEqual([5, 1]);
      expect(told({ ...again, sizeBytes: 0 })).toBe(told({ ...cover(whole), sizeBytes: 0 }));
      expect(cover(data, cache).cache).toMatchObject({ hits: 6 });
    });

    test('what is deleted of a block meanwhile is no longer there', async () => {
      const before = cover(data, cache);
      const [first = ''] = await blocks();
      const stones = references.map((reference) => ({ reference, intervals: [[startMs, startMs + hourMs] as const] }));
      await rm(join(data, first, 'tombstones'));
      writeTombstones(join(data, first, 'tombstones'), stones);
      expect(warm()).toBeUndefined();
      const after = cover(data, cache);
      expect([told(after), samplesOf(after) < samplesOf(before)]).toEqual([told(cover(data)), true]);
    });

    test('a block that comes, and one that goes', async () => {
      const names = await blocks();
      const away = join(directory, 'away');
      await rename(join(data, names[0] ?? ''), away);
      cover(data, cache);
      await rename(away, join(data, names[0] ?? ''));
      expect(warm()).toBeUndefined();
      expect(cover(data, cache).cache).toMatchObject({ hits: 5, misses: 1 });
      await rm(join(data, names[5] ?? ''), { recursive: true });
      expect(told(warm() ?? cover(data))).toBe(told(cover(data)));
    });

    test.each<[string, (file: string) => Promise<unknown>]>([
      ['torn', async (file) => truncate(file, 500)],
      ['empty', async (file) => truncate(file, 0)],
      ['changed', (file) => edit(file, (text) => text.replace('"cutMs":60000', '"cutMs":60001'))],
      ['of another version', (file) => edit(file, (text) => text.replace('coverage 1', 'coverage 2'))],
      ['a symlink', async (file) => (await rename(file, `${file}.real`), symlink(`${file}.real`, file))],
    ])('one that is %s is said, not used, and written anew', async (_, spoil) => {
      const cold = cover(data, cache);
      const file = await cacheFile();
      await spoil(file);
      expect(warm()).toBeUndefined();
      const again = cover(data, cache);
      expect(told(again)).toBe(told(cold));
      expect(again.cache).toMatchObject({ hits: 0, misses: 6, notes: [expect.stringContaining(file)] });
      expect(cover(data, cache).cache).toEqual({ hits: 6, misses: 0, notes: [] });
    });

    test('a directory that others may write to is not used, and one that cannot be made is said', async () => {
      await mkdir(cache, { recursive: true });
      await chmod(cache, 0o777);
      const open = cover(data, cache);
      expect(open.cache.notes).toContainEqual(expect.stringContaining('only you can write to'));
      expect(await readdir(cache)).toEqual([]);
      const file = join(directory, 'home', 'file');
      await writeFile(file, '');
      const blocked = cover(data, join(file, 'cache'));
      expect(blocked.cache.notes).toContainEqual(expect.stringContaining('could not be written (ENOTDIR)'));
      expect([told(open), told(blocked)]).toEqual([told(cover(data)), told(cover(data))]);
    });

    test('what was written to a moment ago is not kept', async () => {
      const [first = ''] = await blocks();
      await utimes(join(data, first, 'index'), 1, 1);
      cover(data, cache);
      await sleep(100);
      expect(cover(data, cache).cache).toMatchObject({ hits: 5, misses: 1 });
    });
  });

  test('blocks that overlap are counted once, and known together', async () => {
    const [first = ''] = await blocks();
    const other = `${first.slice(0, -1)}${first.endsWith('0') ? '1' : '0'}`;
    await cp(join(data, first), join(data, other), { recursive: true });
    await edit(join(data, other, 'meta.json'), (text) => text.replaceAll(first, other));
    await sleep(100);
    const cold = cover(data, cache);
    expect([samplesOf(cold), cold.cache.misses]).toEqual([samples, 7]);
    expect(told(warm() ?? cover(data))).toBe(told(cold));
    await rm(join(data, other), { recursive: true });
    expect(cover(data, cache).cache).toMatchObject({ hits: 5, misses: 1 });
  });
});

/** The same bytes in another file. */
async function replace(path: string): Promise<void> {
  await copyFile(path, `${path}.new`);
  await rename(`${path}.new`, path);
}

async function edit(path: string, change: (text: string) => string): Promise<void> {
  await writeFile(path, change(await readFile(path, 'utf8')));
}

const program = process.env['HOLDFAST_TEST_PROMETHEUS3'];

describe.skipIf(program === undefined)('a Prometheus 3 that runs (skipped where there is none)', () => {
  let fixture: Fixture;
  let cache = '';
  const minuteMs = 60_000;
  const nowMs = Math.floor(Date.now() / minuteMs) * minuteMs;

  beforeAll(async () => {
    const config = { storage: { tsdb: { out_of_order_time_window: '10d' } }, otlp: {} };
    fixture = await openFixture({ program: program ?? '', flags: ['--web.enable-otlp-receiver'], config });
    cache = join(fixture.directory, 'cache');
    await fixture.start();
  });
  afterAll(async () => fixture.cleanUp());

  const asCounted = () => {
    const coverage = cover(fixture.data, cache);
    expect(coverage.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    return [samplesOf(coverage), fixture.inventory().totals.samples] as const;
  };

  test('in the head, and out of order, also within a gap', async () => {
    await pushRounds(fixture, { fromMs: nowMs - 720 * minuteMs, rounds: 200, everyMs: minuteMs });
    await pushRounds(fixture, { fromMs: nowMs - 400 * minuteMs, rounds: 220, everyMs: minuteMs });
    await pushRounds(fixture, { fromMs: nowMs - 620 * minuteMs + 30_000, rounds: 50, everyMs: minuteMs });
    const [ours, counted] = asCounted();
    expect(ours).toBe(counted);
    const { jobs, all } = cover(fixture.data);
    expect(all.intervalMs).toBe(minuteMs);
    expect(jobs.map(({ job, ranges }) => [job, ranges.map(({ fromMs, toMs }) => [fromMs, toMs])])).toEqual([
      [
        'fixture',
        [
          [nowMs - 720 * minuteMs, nowMs - 521 * minuteMs],
          [nowMs - 400 * minuteMs, nowMs - 181 * minuteMs],
        ],
      ],
    ]);
  });

  test('cut into blocks, while it runs, restarted and killed: the same', async () => {
    const before = asCounted()[1];
    await waitFor('the head is cut into blocks', async () => (await countCutBlocks(fixture.data)) >= 3, {
      timeoutMs: 120_000,
    });
    expect(asCounted()).toEqual([before, before]);
    await fixture.stop('SIGKILL');
    expect(asCounted()).toEqual([before, before]);
    await fixture.start();
    expect(asCounted()).toEqual([before, before]);
  });
});
