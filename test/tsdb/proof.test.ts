/**
 * Two TSDBs, and what of the first is in the second. Blocks that promtool made are copied, one is removed, one sample gets
 * another value, samples are added and taken away in one window: the proof says what was kept and what was lost, with the
 * series where both directories are at hand, and admits what sums alone cannot tell. A Prometheus that goes on scraping
 * proves the window that was still being filled; a snapshot is told to leave out what came out of order.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TsdbInventory } from '../../src/model/tsdb-inventory.ts';
import { isGoodVerdict, type TsdbProof } from '../../src/model/tsdb-proof.ts';
import { observeProof } from '../../src/observations/proof.ts';
import { observeTsdbInventory } from '../../src/observations/tsdb-inventory.ts';
import { compareSeries } from '../../src/tsdb/compare/compare-series.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { waitFor } from '../harness/wait-for.ts';
import { openFixture, pushRounds } from './prometheus.ts';
import { look, readers, readersAt } from './tsdb-readers.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const program3 = process.env['HOLDFAST_TEST_PROMETHEUS3'];
const hourMs = 3_600_000;
const windowMs = 2 * hourMs;
const run = promisify(execFile);

async function prove(before: string, after: string, retentionMs?: number): Promise<TsdbProof> {
  return observeProof({ before, after, retentionMs }, readers, look);
}

interface Sample {
  readonly job: string;
  readonly series: number;
  readonly atMs: number;
}

interface Blocks {
  readonly startMs: number;
  readonly hours: number;
  /** Null leaves the sample out. */
  readonly value?: (sample: Sample) => number | null;
}

const everyMs = 60_000;
const jobs = ['api', 'node'];
const seriesOfJob = 5;
const perWindow = jobs.length * seriesOfJob * (windowMs / everyMs);

/** Blocks of two hours with five series for each of two jobs, a sample a minute. */
async function makeBlocks(into: string, { startMs, hours, value = valueOf }: Blocks): Promise<void> {
  const lines = ['# TYPE fixture gauge'];
  for (const job of jobs) {
    for (let series = 0; series < seriesOfJob; series += 1) {
      for (let atMs = startMs; atMs < startMs + hours * hourMs; atMs += everyMs) {
        const found = value({ job, series, atMs });
        if (found !== null) lines.push(`fixture{job="${job}",series="${series}"} ${found} ${(atMs / 1000).toFixed(3)}`);
      }
    }
  }
  const text = `${into}.om`;
  await writeFile(text, `${lines.join('\n')}\n# EOF\n`);
  await run(join(programs ?? '', 'promtool'), ['tsdb', 'create-blocks-from', '-q', 'openmetrics', text, into]);
}

function valueOf({ series, atMs }: Sample): number {
  return Math.sin(atMs) * 1e6 + series;
}

describe.skipIf(programs === undefined)('blocks that promtool made (skipped where there is none)', () => {
  let directory = '';
  const startMs = Math.floor((Date.now() - 72 * hourMs) / windowMs) * windowMs;
  const hours = 12;
  const total = 6 * perWindow;
  const at = (name: string) => join(directory, name);
  const isAt = (sample: Sample, job: string, series: number, atMs: number) =>
    sample.job === job && sample.series === series && sample.atMs === atMs;
  /** The third window. */
  const thirdMs = startMs + 2 * windowMs;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-proof-'));
    await makeBlocks(at('whole'), { startMs, hours });
    await writeFile(at('whole.json'), `{"type":"progress"}\n${await inventoryOf(at('whole'))}\n`);
  });
  afterAll(async () => rm(directory, { recursive: true, force: true }));

  async function inventoryOf(path: string): Promise<string> {
    return JSON.stringify(await observeTsdbInventory(path, readers, look));
  }

  test('a copy keeps everything, as directories, as files and as what a proof saw', async () => {
    await cp(at('whole'), at('copy'), { recursive: true });
    const proof = await prove(at('whole'), at('copy'));
    expect(proof).toMatchObject({
      kept: { samples: total, series: 10 },
      lost: { samples: 0, windows: [] },
      undecided: { samples: 0 },
      added: { samples: 0 },
      gap: null,
      findings: [],
    });
    await writeFile(at('proof.json'), JSON.stringify(proof));
    await writeFile(at('copy.json'), JSON.stringify(JSON.parse(await inventoryOf(at('copy'))), null, 2));
    for (const [before, after] of [
      ['whole.json', 'copy'],
      ['whole', 'copy.json'],
      ['whole.json', 'copy.json'],
      ['proof.json', 'whole.json'],
    ] as const) {
      const again = await prove(at(before), at(after));
      expect([before, isGoodVerdict(again), again.kept.samples]).toEqual([before, true, total]);
    }
  });

  test('a block that is gone is lost by window, job and series, and what is there besides is added', async () => {
    await cp(at('copy'), at('less'), { recursive: true });
    const [, gone = ''] = (await readdir(at('less'))).sort();
    await rm(join(at('less'), gone), { recursive: true });
    const proof = await prove(at('whole'), at('less'));
    expect(proof.lost.samples).toBe(perWindow);
    expect(proof.kept.samples).toBe(total - perWindow);
    expect(proof.lost.windows).toMatchObject([
      {
        kind: 'missing',
        exact: true,
        samples: perWindow,
        jobs: [
          { job: 'api', samples: perWindow / 2 },
          { job: 'node', samples: perWindow / 2 },
        ],
      },
    ]);
    expect(proof.lost.series?.listed).toHaveLength(10);
    expect(proof.lost.series?.listed[0]).toEqual({
      series: 'fixture{job="api",series="0"}',
      missing: windowMs / everyMs,
      changed: 0,
    });
    const [fromMs, toMs] = [proof.lost.windows[0]?.fromMs, proof.lost.windows[0]?.toMs];
    const byFile = await prove(at('whole.json'), at('less'));
    expect(byFile.lost).toMatchObject({ samples: perWindow, windows: [{ fromMs, toMs, exact: true }], series: null });
    const back = await prove(at('less'), at('whole'));
    expect([isGoodVerdict(back), back.kept.samples, back.added.samples]).toEqual([true, total - perWindow, perWindow]);
  });

  test('one sample with another value is no kept one, though the counts are equal', async () => {
    await makeBlocks(at('flipped'), {
      startMs,
      hours,
      value: (sample) => (isAt(sample, 'node', 3, thirdMs + 17 * everyMs) ? 0.5 : valueOf(sample)),
    });
    const proof = await prove(at('whole'), at('flipped'));
    expect(proof.lost).toMatchObject({
      samples: 1,
      windows: [{ fromMs: thirdMs, kind: 'changed', exact: true, samples: 1, jobs: [{ job: 'node', samples: 1 }] }],
      series: { listed: [{ series: 'fixture{job="node",series="3"}', missing: 0, changed: 1 }], more: 0 },
    });
    expect([proof.kept.samples, proof.added.samples]).toEqual([total - 1, 0]);
    const byFile = await prove(at('whole.json'), at('flipped'));
    expect(byFile.lost.windows).toMatchObject([{ fromMs: thirdMs, kind: 'changed', exact: false, samples: 1 }]);
    // No retention can have changed a value.
    expect((await prove(at('whole'), at('flipped'), hourMs)).lost.samples).toBe(1);
  });

  test('a sample at another time is one that is missing and one that is new', async () => {
    await makeBlocks(at('moved'), {
      startMs,
      hours,
      value: (sample) => (isAt(sample, 'api', 2, thirdMs + 5 * everyMs) ? null : valueOf(sample)),
    });
    await makeBlocks(at('moved'), {
      startMs: thirdMs + 5 * everyMs + 1,
      hours: everyMs / hourMs,
      value: (sample) => (sample.job === 'api' && sample.series === 2 ? valueOf(sample) : null),
    });
    const proof = await prove(at('whole'), at('moved'));
    expect(proof.lost).toMatchObject({ samples: 1, windows: [{ kind: 'missing', samples: 1 }] });
    expect([proof.kept.samples, proof.added.samples]).toEqual([total - 1, 1]);
  });

  test('more than before is decided by two directories, and by sums only for the jobs that have no more', async () => {
    await cp(at('whole'), at('more'), { recursive: true });
    await makeBlocks(at('more'), {
      startMs: thirdMs + 30_000,
      hours: 1,
      value: (sample) => (sample.job === 'node' ? valueOf(sample) : null),
    });
    const added = seriesOfJob * 60;
    const proof = await prove(at('whole'), at('more'));
    expect([isGoodVerdict(proof), proof.kept.samples, proof.added.samples]).toEqual([true, total, added]);
    const byFile = await prove(at('whole.json'), at('more'));
    expect(isGoodVerdict(byFile)).toBe(false);
    expect(byFile.undecided).toMatchObject({
      samples: perWindow / 2,
      windows: [{ fromMs: thirdMs, kind: 'added', samples: perWindow / 2 }],
    });
    expect([byFile.lost.samples, byFile.kept.samples]).toEqual([0, total - perWindow / 2]);
  });

  test('many more hide none that is missing, however small the parts that are compared', async () => {
    await makeBlocks(at('hidden'), {
      startMs,
      hours,
      value: (sample) => (sample.series === 1 && sample.atMs === thirdMs + 9 * everyMs ? null : valueOf(sample)),
    });
    await makeBlocks(at('hidden'), { startMs: thirdMs + 30_000, hours: 1 });
    const proof = await prove(at('whole'), at('hidden'));
    expect(proof.lost).toMatchObject({ samples: 2, windows: [{ kind: 'missing', exact: true, samples: 2 }] });
    expect(proof.lost.series?.listed.map(({ series }) => series)).toEqual([
      'fixture{job="api",series="1"}',
      'fixture{job="node",series="1"}',
    ]);
    const windows = Array.from({ length: 6 }, (_, index) => ({ fromMs: startMs + index * windowMs, series: 20 }));
    const options = {
      before: quietFiles(at('whole')),
      after: quietFiles(at('hidden')),
      cutMs: startMs + hours * hourMs,
      windows,
      onRead: () => undefined,
    };
    const atOnce = compareSeries(options);
    expect(atOnce.windows[2]).toMatchObject({ missing: 2, changed: 0, added: 10 * 60 });
    for (const limits of [
      { rows: 7, samples: 100 },
      { rows: 45, samples: 350 },
    ]) {
      expect(compareSeries({ ...options, limits })).toEqual(atOnce);
    }
  });

  test('what the retention of before had condemned has expired, and nothing else', async () => {
    await cp(at('whole'), at('aged'), { recursive: true });
    const oldest = (await readdir(at('aged'))).sort()[0] ?? '';
    await rm(join(at('aged'), oldest), { recursive: true });
    // The blocks end with their newest samples: the first one ten hours before the last.
    const kept = await prove(at('whole'), at('aged'), 10 * hourMs + 1);
    expect([kept.lost.samples, kept.expired.samples]).toEqual([perWindow, 0]);
    const expired = await prove(at('whole.json'), at('aged'), 10 * hourMs);
    expect([isGoodVerdict(expired), expired.expired.samples, expired.lost.samples]).toEqual([true, perWindow, 0]);
    expect(expired.kept.samples).toBe(total - perWindow);
  });

  test('what has older blocks beside it no retention has taken', async () => {
    await cp(at('whole'), at('holed'), { recursive: true });
    const second = (await readdir(at('holed'))).sort()[1] ?? '';
    await rm(join(at('holed'), second), { recursive: true });
    for (const before of ['whole', 'whole.json']) {
      const proof = await prove(at(before), at('holed'), hourMs);
      expect([isGoodVerdict(proof), proof.expired.samples, proof.lost.samples]).toEqual([false, 0, perWindow]);
    }
  });

  test.each([
    ['nothing', '', /it is empty/],
    ['cut short', '{"completeToMs":1,"totals":{"ser', /line 1, column 33 is not a JSON object/],
    ['a line behind it', '{"completeToMs":null}\nnonsense\n', /line 2 is not a JSON object/],
    ['an error', '{"type":"x"}\n{"error":{"code":"io"}}\n', /line 2 is the error/],
    ['a part-1 proof', '{"format":1,"run":"R","kept":{},"lost":{}}', /holds no inventory/],
  ])('a file with %s is refused', async (_, text, message) => {
    await writeFile(at('bad.json'), text);
    await expect(prove(at('bad.json'), at('whole'))).rejects.toMatchObject({
      code: 'not-an-inventory',
      message: expect.stringMatching(message),
    });
    await expect(prove(at('whole.json'), at('bad.json'))).rejects.toMatchObject({ code: 'not-an-inventory' });
  });

  const readWhole = async (): Promise<TsdbInventory> => {
    const lines = (await readFile(at('whole.json'), 'utf8')).trimEnd().split('\n');
    return JSON.parse(lines.at(-1) ?? '') as TsdbInventory;
  };

  test('an inventory of another format is refused, and one without a number is of the first', async () => {
    const whole = await readWhole();
    await writeFile(at('later.json'), JSON.stringify({ format: 2, ...whole }));
    const refusal = { code: 'not-an-inventory', message: expect.stringMatching(/has the format 2, and .* format 1/) };
    await expect(prove(at('later.json'), at('whole'))).rejects.toMatchObject(refusal);
    await writeFile(at('later.json'), JSON.stringify({ format: 2, kept: {}, lost: {}, inventory: whole }));
    await expect(prove(at('whole'), at('later.json'))).rejects.toMatchObject(refusal);
    await writeFile(at('later.json'), JSON.stringify({ format: 1, ...whole }));
    expect(isGoodVerdict(await prove(at('later.json'), at('whole')))).toBe(true);
  });

  test('an end that was moved before the first sample is no end', async () => {
    const whole = await readWhole();
    for (const completeToMs of [-1, startMs - 1, startMs + 1]) {
      await writeFile(at('bad.json'), JSON.stringify({ ...whole, completeToMs }));
      await expect(prove(at('bad.json'), at('whole'))).rejects.toMatchObject({ code: 'corrupt-file' });
    }
  });

  const longAgo = { completeToMs: -7_200_001, cut: { atMs: -7_200_001 } };
  const second = { fromMs: 7_200_000, toMs: 14_400_000 };
  test.each([
    ['a wrong digest', inventoryText({ digest: 'xyz' }), /line 1, windows\.0\.digest: /],
    ['a negative count', inventoryText({ samples: -1 }), /line 1, windows\.0\.samples: /],
    ['a count that is no number', inventoryText({ samples: NaN }), /line 1, windows\.0\.samples: /],
    ['a window of one hour', inventoryText({ toMs: 1 }), /windows\.0\.toMs: a window ends/],
    ['a window that ends before it begins', inventoryText({ toMs: -7_200_000 }), /windows\.0\.toMs: a window ends/],
    ['a sample outside', inventoryText({ lastMs: 7_200_000 }), /windows\.0\.lastMs: /],
    [
      'more than the windows hold',
      inventoryText({}, { totals: { series: 1, samples: 2 } }),
      /totals\.samples is 2, and/,
    ],
    [
      'more series than there are',
      inventoryText({}, { totals: { series: 2, samples: 1 } }),
      /totals\.series is 2, and/,
    ],
    [
      'series without samples',
      inventoryText({ series: 2 }, { totals: { series: 2, samples: 1 } }),
      /1 samples of 2 ser/,
    ],
    ['a window twice', inventoryText({}, {}, [{}]), /windows\.1\.fromMs: windows come once, by time/],
    ['windows that are not sorted', inventoryText(second, {}, [{}]), /windows\.1\.fromMs: windows come once, by time/],
    ['an end behind its samples', inventoryText({ lastMs: 4 }), /completeToMs is 5, behind the newest/],
    [
      'an end before its newest sample',
      inventoryText({ lastMs: 9 }, { cut: null }),
      /completeToMs is 5, before the newest/,
    ],
    [
      'another end than its cut',
      inventoryText({ lastMs: 9 }, { completeToMs: -1 }),
      /completeToMs is -1, and it was cut/,
    ],
    [
      'an end long before its first sample',
      inventoryText(
        { firstMs: 8, lastMs: 9 },
        { ...longAgo, cut: { ...longAgo.cut, window: null, jobs: [], nextMs: 8 } },
      ),
      /completeToMs is -7200001, long before the first sample \(8\)/,
    ],
    ['no findings', inventoryText({}, { findings: undefined }), /line 1, findings: /],
    ['no end', inventoryText({}, { completeToMs: null }), /completeToMs is null, and there are samples/],
    ['jobs that are not the whole', inventoryText({}, { jobs: [{ job: 'a', windows: [] }] }), /and its jobs 0/],
    ['an end of samples before their begin', inventoryText({ firstMs: 6, lastMs: 5 }), /ends before it begins/],
    [
      'late samples that are none',
      inventoryText({}, { outOfOrder: [{ fromMs: 7_200_000, samples: 1, digest: '0123456789abcdef' }] }),
      /outOfOrder counts 1 samples, more than/,
    ],
    [
      'a cut of nothing',
      inventoryText({}, { cut: { atMs: 5, window: null, jobs: [], nextMs: 3 } }),
      /cut\.nextMs is not behind the cut/,
    ],
    [
      'a block upside down',
      inventoryText({}, { blocks: [{ ulid: 'x', fromMs: 2, toMs: 1 }] }),
      /blocks\.0 ends before/,
    ],
  ])('an inventory with %s is damaged', async (_, text, message) => {
    await writeFile(at('bad.json'), text);
    const refusal = { code: 'corrupt-file', message: expect.stringMatching(message) };
    await expect(prove(at('bad.json'), at('whole'))).rejects.toMatchObject(refusal);
    await expect(prove(at('whole.json'), at('bad.json'))).rejects.toMatchObject(refusal);
  });

  test('an inventory that was edited in one digit is damaged', async () => {
    const whole = await readWhole();
    const [first, ...others] = whole.windows;
    const digest = first?.digest.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    await writeFile(at('bad.json'), JSON.stringify({ ...whole, windows: [{ ...first, digest }, ...others] }));
    await expect(prove(at('bad.json'), at('whole'))).rejects.toMatchObject({
      code: 'corrupt-file',
      message: expect.stringMatching(/windows\.0 has the digest/),
    });
  });

  test('what is no TSDB is refused before anything is counted', async () => {
    await mkdir(at('empty'));
    await expect(prove(at('whole'), at('empty'))).rejects.toMatchObject({ code: 'not-a-tsdb' });
    for (const path of ['nowhere', 'nowhere/deeper', 'whole.json/below']) {
      const message = expect.stringContaining(`${at(path)} is not there.`);
      await expect(prove(at(path), at('whole'))).rejects.toMatchObject({ code: 'not-a-directory', message });
      await expect(prove(at('whole'), at(path))).rejects.toMatchObject({ code: 'not-a-directory', message });
    }
  });
});

function inventoryText(changed: object, more: object = {}, others: readonly object[] = []): string {
  const window = { fromMs: 0, toMs: 7_200_000, series: 1, samples: 1, digest: '0123456789abcdef' };
  const windows = [{ ...window, ...changed }, ...others.map((other) => ({ ...window, ...other }))];
  const totals = { series: 1, samples: windows.length };
  const cut = { atMs: 5, window: null, jobs: [], nextMs: 6 };
  return JSON.stringify({ completeToMs: 5, totals, windows, cut, findings: [], ...more });
}

describe.skipIf(programs === undefined)('a Prometheus that goes on (skipped where there is none)', () => {
  test('the window that was being filled is proved by its directory, over a kill and a restart', async () => {
    const fixture = await openFixture({
      program: join(programs ?? '', 'prometheus'),
      flags: ['--storage.tsdb.use-lockfile'],
      scrapesItself: true,
    });
    const before = join(fixture.directory, 'before.json');
    const after = join(fixture.directory, 'after.json');
    try {
      await fixture.start();
      await waitFor('samples come in', async () => fixture.inventory().totals.samples > 9000);
      // Scrapes are over in a moment here: what is two seconds old has been written.
      const settled = readersAt(() => Date.now() + 58_000);
      const inventory = await observeTsdbInventory(fixture.data, settled, look);
      expect(inventory.cut?.window?.samples).toBeGreaterThan(500);
      expect(inventory.cut?.window?.samples).toBeLessThan(inventory.totals.samples);
      await writeFile(before, JSON.stringify(inventory));
      await fixture.stop('SIGKILL');
      await fixture.start();
      const restartedAt = fixture.inventory().totals.samples;
      await waitFor('more come in', async () => fixture.inventory().totals.samples > restartedAt + 500);
      const proof = await prove(before, fixture.data);
      expect(proof.lost.windows).toEqual([]);
      expect(proof.undecided.windows).toEqual([]);
      const promised = inventory.windows.filter(({ toMs }) => toMs <= (inventory.completeToMs ?? 0));
      const whole = promised.reduce((sum, { samples }) => sum + samples, 0);
      expect(proof.kept.samples).toBe(whole + (inventory.cut?.window?.samples ?? 0));
      expect(proof.added.samples).toBe(proof.inventory.totals.samples - proof.kept.samples);
      expect(proof.gap).not.toBeNull();
      // Two files cannot tell it, and say so without failing.
      await writeFile(after, JSON.stringify(await observeTsdbInventory(fixture.data, readers, look)));
      const byFiles = await prove(before, after);
      expect(byFiles.lost.windows).toEqual([]);
      expect(byFiles.undecided.windows).toMatchObject([{ kind: 'filling' }]);
      expect(isGoodVerdict(byFiles)).toBe(true);
      await fixture.stop();
      expect(isGoodVerdict(await prove(before, fixture.data))).toBe(true);
      // Without its WAL, it is all gone, and the proof says so.
      await cp(fixture.data, join(fixture.directory, 'cut'), { recursive: true });
      await rm(join(fixture.directory, 'cut', 'wal'), { recursive: true });
      await mkdir(join(fixture.directory, 'cut', 'wal'));
      await writeFile(join(fixture.directory, 'cut', 'wal', '00000000'), '');
      const cut = await prove(before, join(fixture.directory, 'cut'));
      expect(cut.lost.samples).toBe(proof.kept.samples);
    } finally {
      await fixture.cleanUp();
    }
  });
});

describe.skipIf(program3 === undefined)('a snapshot of a current Prometheus (skipped where there is none)', () => {
  test('leaves out what came out of order, and the proof names it', async () => {
    const minuteMs = 60_000;
    const fixture = await openFixture({
      program: program3 ?? '',
      flags: ['--web.enable-otlp-receiver'],
      config: { storage: { tsdb: { out_of_order_time_window: '10d' } }, otlp: {} },
    });
    try {
      await fixture.start();
      const nowMs = Math.floor(Date.now() / minuteMs) * minuteMs;
      await pushRounds(fixture, { fromMs: nowMs - 60 * minuteMs, rounds: 60, everyMs: minuteMs });
      await pushRounds(fixture, { fromMs: nowMs - 50 * minuteMs + 30_000, rounds: 20, everyMs: minuteMs });
      const { body } = await fixture.ask('/api/v1/admin/tsdb/snapshot', { method: 'POST' });
      const { name } = (JSON.parse(body) as { readonly data: { readonly name: string } }).data;
      const snapshot = join(fixture.data, 'snapshots', name);
      await fixture.stop();
      const late = fixture.inventory().totals.outOfOrderSamples;
      expect(late).toBeGreaterThan(0);
      const proof = await prove(fixture.data, snapshot);
      expect(isGoodVerdict(proof)).toBe(false);
      expect(proof.lost.samples).toBe(late);
      expect(new Set(proof.lost.windows.map(({ kind }) => kind))).toEqual(new Set(['out-of-order']));
      expect(proof.findings).toMatchObject([{ rule: 'out-of-order-left-out', severity: 'warning' }]);
      expect(proof.lost.series?.listed.length).toBeGreaterThan(0);
    } finally {
      await fixture.cleanUp();
    }
  });
});
