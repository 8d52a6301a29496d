/**
 * A timeline for people at the widths they have, complete without colour: what is full has no gap in it, however short, and
 * a gap is seen whatever a cell stands for. Dates on the axis are those that people count in. In ASCII where that is all.
 */
import { describe, expect, test } from 'vitest';
import type { CoverageGap, CoverageReport, VolumeCoverage } from '../model/coverage.ts';
import { renderCoverage } from './render-coverage.ts';
import { createStyle } from './style.ts';
import { renderAxis } from './time-axis.ts';
import { renderTimeline } from './timeline.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const start = Date.UTC(2026, 10, 14, 6, 0, 15);
const intervalMs = 15_000;

function range(fromMs: number, toMs: number) {
  return { fromMs: start + fromMs, toMs: start + toMs, samples: 3 * ((toMs - fromMs) / intervalMs + 1) };
}

function gap(fromMs: number, toMs: number, more: Partial<CoverageGap> = {}): CoverageGap {
  const run = '20261118T211000Z-rebuild-7f3a';
  const message = `Prometheus was stopped by the run ${run}.`;
  return { fromMs: start + fromMs, toMs: start + toMs, isOpen: false, reason: 'rebuild', run, message, ...more };
}

const stop = gap(4 * dayMs + 15 * hourMs, 4 * dayMs + 15 * hourMs + 120_000);
const outage = gap(7 * dayMs, 7 * dayMs + 9 * hourMs, {
  reason: 'prometheus-down',
  run: null,
  message: 'Nothing was written of any job: Prometheus did not run, or could not write.',
});
const down = gap(2 * dayMs, 2 * dayMs + 30 * hourMs, {
  reason: 'target-down',
  run: null,
  message: 'The target was down: Prometheus tried to scrape it and could not (up was 0).',
});
const end = 10 * dayMs;
const all = [
  range(0, 4 * dayMs + 15 * hourMs),
  range(4 * dayMs + 15 * hourMs + 120_000, 7 * dayMs),
  range(7 * dayMs + 9 * hourMs, end),
];
const volume: VolumeCoverage = {
  path: '/srv/holdfast/volumes/prometheus',
  dataDirectory: '/srv/holdfast/volumes/prometheus/prometheus-db',
  stack: 'monitoring',
  samples: 518_112,
  intervalMs,
  ranges: all,
  gaps: [stop, outage],
  jobs: [
    {
      job: 'node-exporter',
      samples: 150_000,
      intervalMs,
      ranges: [range(0, 2 * dayMs), range(2 * dayMs + 30 * hourMs, 4 * dayMs + 15 * hourMs), ...all.slice(1)],
      gaps: [down, stop, outage],
    },
    { job: 'prometheus', samples: 180_000, intervalMs, ranges: all, gaps: [stop, outage] },
    {
      job: 'pushgateway-with-a-very-long-name-of-its-own',
      samples: 20_000,
      intervalMs,
      ranges: [range(8 * dayMs, end)],
      gaps: [],
    },
  ],
  findings: [],
};
const cache = { directory: '/home/ada/.cache/holdfast/coverage', hits: 3, misses: 1, notes: [] };

function render(
  report: CoverageReport,
  columns: number | undefined,
  more: { ascii?: boolean; isByJob?: boolean } = {},
): string {
  const style = createStyle({ hasColor: false, columns, isUnicode: more.ascii !== true });
  return `\n${renderCoverage(report, { style, isByJob: more.isByJob ?? true, notes: [] }).join('\n')}\n`;
}

const one: CoverageReport = { volumes: [volume], cache };

test('a gap that is open reaches to the look, in words and in the picture', () => {
  const now = gap(10 * dayMs, 12 * dayMs, { isOpen: true, reason: 'down', run: 'r', message: 'Stopped.' });
  const said = render({ volumes: [{ ...volume, gaps: [now], jobs: [] }], cache }, 100);
  expect(said).toContain('gap  2026-11-24T06:00:15Z  until now                2 d  down: Stopped.');
  expect(said).toMatch(/^all .*█[▓░]?·{10,}$/m);
});

describe('one volume, by job', () => {
  test.each([60, 80, 100, 200])('no line is longer than %i columns', (columns) => {
    for (const ascii of [false, true]) {
      const lines = render(one, columns, { ascii }).split('\n');
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
      if (ascii) expect(lines.join('')).toMatch(/^[\x20-\x7e]*$/);
    }
  });

  test('at 60 columns', () =>
    expect(render(one, 60)).toMatchInlineSnapshot(`
    "
    /srv/holdfast/volumes/prometheus (stack monitoring): 518 112
      samples of 3 jobs, 2 gaps
    2026-11-14T06:00:15Z to 2026-11-24T06:00:15Z, usually a
      sample every 15 s

    all                ██████████████████▓█████████▓·▓██████████
    node-exporter      ████████░····▓████▓█████████▓·▓██████████
    prometheus         ██████████████████▓█████████▓·▓██████████
    pushgateway-with-… ································░████████
                       ───┬───────┬───────┬───────┬───────┬─────
                          Nov 15  Nov 17  Nov 19  Nov 21  Nov 23
    █ no gap  ▓ a gap in it  ░ mostly a gap  · nothing

    data 2026-11-14T06:00:15Z  2026-11-18T21:00:15Z     4 d
         79 923 samples
    gap  2026-11-18T21:00:15Z  2026-11-18T21:02:15Z   2 min
         rebuild: Prometheus was stopped by the run
         20261118T211000Z-rebuild-7f3a.
    data 2026-11-18T21:02:15Z  2026-11-21T06:00:15Z     2 d
         41 019 samples
    gap  2026-11-21T06:00:15Z  2026-11-21T15:00:15Z     9 h
         prometheus-down: Nothing was written of any job:
         Prometheus did not run, or could not write.
    data 2026-11-21T15:00:15Z  2026-11-24T06:00:15Z     2 d
         45 363 samples

    Gaps of single jobs
    gap  2026-11-16T06:00:15Z  2026-11-17T12:00:15Z    30 h
         node-exporter: target-down: The target was down:
         Prometheus tried to scrape it and could not (up was 0).
    "
  `));
  test('at 80 columns', () =>
    expect(render(one, 80)).toMatchInlineSnapshot(`
    "
    /srv/holdfast/volumes/prometheus (stack monitoring): 518 112 samples of 3 jobs,
      2 gaps
    2026-11-14T06:00:15Z to 2026-11-24T06:00:15Z, usually a sample every 15 s

    all                      █████████████████████████▓████████████▓·░██████████████
    node-exporter            ███████████░·····░███████▓████████████▓·░██████████████
    prometheus               █████████████████████████▓████████████▓·░██████████████
    pushgateway-with-a-very… ···········································░███████████
                             ────┬──────────┬──────────┬──────────┬──────────┬──────
                                 Nov 15     Nov 17     Nov 19     Nov 21     Nov 23
    █ no gap  ▓ a gap in it  ░ mostly a gap  · nothing

    data 2026-11-14T06:00:15Z  2026-11-18T21:00:15Z     4 d  79 923 samples
    gap  2026-11-18T21:00:15Z  2026-11-18T21:02:15Z   2 min
         rebuild: Prometheus was stopped by the run 20261118T211000Z-rebuild-7f3a.
    data 2026-11-18T21:02:15Z  2026-11-21T06:00:15Z     2 d  41 019 samples
    gap  2026-11-21T06:00:15Z  2026-11-21T15:00:15Z     9 h
         prometheus-down: Nothing was written of any job: Prometheus did not run, or
         could not write.
    data 2026-11-21T15:00:15Z  2026-11-24T06:00:15Z     2 d  45 363 samples

    Gaps of single jobs
    gap  2026-11-16T06:00:15Z  2026-11-17T12:00:15Z    30 h
         node-exporter: target-down: The target was down: Prometheus tried to scrape
         it and could not (up was 0).
    "
  `));
  test('at 100 columns', () =>
    expect(render(one, 100)).toMatchInlineSnapshot(`
    "
    /srv/holdfast/volumes/prometheus (stack monitoring): 518 112 samples of 3 jobs, 2 gaps
    2026-11-14T06:00:15Z to 2026-11-24T06:00:15Z, usually a sample every 15 s

    all                            ███████████████████████████████▓████████████████░·░██████████████████
    node-exporter                  █████████████▓········▓████████▓████████████████░·░██████████████████
    prometheus                     ███████████████████████████████▓████████████████░·░██████████████████
    pushgateway-with-a-very-long-… ·······················································▓█████████████
                                   ─────┬────────────┬─────────────┬─────────────┬─────────────┬────────
                                        Nov 15       Nov 17        Nov 19        Nov 21        Nov 23
    █ no gap  ▓ a gap in it  ░ mostly a gap  · nothing

    data 2026-11-14T06:00:15Z  2026-11-18T21:00:15Z     4 d  79 923 samples
    gap  2026-11-18T21:00:15Z  2026-11-18T21:02:15Z   2 min
         rebuild: Prometheus was stopped by the run 20261118T211000Z-rebuild-7f3a.
    data 2026-11-18T21:02:15Z  2026-11-21T06:00:15Z     2 d  41 019 samples
    gap  2026-11-21T06:00:15Z  2026-11-21T15:00:15Z     9 h
         prometheus-down: Nothing was written of any job: Prometheus did not run, or could not write.
    data 2026-11-21T15:00:15Z  2026-11-24T06:00:15Z     2 d  45 363 samples

    Gaps of single jobs
    gap  2026-11-16T06:00:15Z  2026-11-17T12:00:15Z    30 h
         node-exporter: target-down: The target was down: Prometheus tried to scrape it and could not
         (up was 0).
    "
  `));
  test('at 200 columns', () =>
    expect(render(one, 200)).toMatchInlineSnapshot(`
    "
    /srv/holdfast/volumes/prometheus (stack monitoring): 518 112 samples of 3 jobs, 2 gaps
    2026-11-14T06:00:15Z to 2026-11-24T06:00:15Z, usually a sample every 15 s

    all                                      █████████████████████████████████████████████████████████████████████████▓█████████████████████████████████████░·····▓█████████████████████████████████████████
    node-exporter                            ███████████████████████████████▓···················░█████████████████████▓█████████████████████████████████████░·····▓█████████████████████████████████████████
    prometheus                               █████████████████████████████████████████████████████████████████████████▓█████████████████████████████████████░·····▓█████████████████████████████████████████
    pushgateway-with-a-very-long-name-of-it… ·······························································································································▓███████████████████████████████
                                             ───────────┬───────────────┬───────────────┬───────────────┬───────────────┬───────────────┬───────────────┬───────────────┬───────────────┬───────────────┬───
                                                        Nov 15          Nov 16          Nov 17          Nov 18          Nov 19          Nov 20          Nov 21          Nov 22          Nov 23
    █ no gap  ▓ a gap in it  ░ mostly a gap  · nothing

    data 2026-11-14T06:00:15Z  2026-11-18T21:00:15Z     4 d  79 923 samples
    gap  2026-11-18T21:00:15Z  2026-11-18T21:02:15Z   2 min  rebuild: Prometheus was stopped by the run 20261118T211000Z-rebuild-7f3a.
    data 2026-11-18T21:02:15Z  2026-11-21T06:00:15Z     2 d  41 019 samples
    gap  2026-11-21T06:00:15Z  2026-11-21T15:00:15Z     9 h  prometheus-down: Nothing was written of any job: Prometheus did not run, or could not write.
    data 2026-11-21T15:00:15Z  2026-11-24T06:00:15Z     2 d  45 363 samples

    Gaps of single jobs
    gap  2026-11-16T06:00:15Z  2026-11-17T12:00:15Z    30 h  node-exporter: target-down: The target was down: Prometheus tried to scrape it and could not (up was 0).
    "
  `));
  test('in ASCII', () =>
    expect(render(one, 80, { ascii: true })).toMatchInlineSnapshot(`
    "
    /srv/holdfast/volumes/prometheus (stack monitoring): 518 112 samples of 3 jobs,
      2 gaps
    2026-11-14T06:00:15Z to 2026-11-24T06:00:15Z, usually a sample every 15 s

    all                      #########################+############+.-##############
    node-exporter            ###########-.....-#######+############+.-##############
    prometheus               #########################+############+.-##############
    pushgateway-with-a-very~ ...........................................-###########
                             ----+----------+----------+----------+----------+------
                                 Nov 15     Nov 17     Nov 19     Nov 21     Nov 23
    # no gap  + a gap in it  - mostly a gap  . nothing

    data 2026-11-14T06:00:15Z  2026-11-18T21:00:15Z     4 d  79 923 samples
    gap  2026-11-18T21:00:15Z  2026-11-18T21:02:15Z   2 min
         rebuild: Prometheus was stopped by the run 20261118T211000Z-rebuild-7f3a.
    data 2026-11-18T21:02:15Z  2026-11-21T06:00:15Z     2 d  41 019 samples
    gap  2026-11-21T06:00:15Z  2026-11-21T15:00:15Z     9 h
         prometheus-down: Nothing was written of any job: Prometheus did not run, or
         could not write.
    data 2026-11-21T15:00:15Z  2026-11-24T06:00:15Z     2 d  45 363 samples

    Gaps of single jobs
    gap  2026-11-16T06:00:15Z  2026-11-17T12:00:15Z    30 h
         node-exporter: target-down: The target was down: Prometheus tried to scrape
         it and could not (up was 0).
    "
  `));
});

test('several volumes, a row for each', () => {
  const orphan = {
    ...volume,
    path: '/srv/nfs/archived-monitoring-prometheus-db-pvc-0001',
    stack: null,
    ranges: [range(-20 * dayMs, -2 * dayMs)],
    gaps: [],
    jobs: [],
    samples: 1,
  };
  const noted = {
    ...cache,
    notes: ['/home/ada/.cache/holdfast/coverage/x.json is torn or no cache of ours: it was not used.'],
  };
  expect(render({ volumes: [volume, orphan], cache: noted }, 80, { isByJob: false })).toMatchInlineSnapshot(`
    "
    /srv/holdfast/volumes/prometheus (stack monitoring): 518 112 samples of 3 jobs,
      2 gaps
    2026-11-14T06:00:15Z to 2026-11-24T06:00:15Z, usually a sample every 15 s
    /srv/nfs/archived-monitoring-prometheus-db-pvc-0001: 1 sample of 0 jobs, 0 gaps
    2026-10-25T06:00:15Z to 2026-11-12T06:00:15Z, usually a sample every 15 s

    …fast/volumes/prometheus ····································░████████▓███▓▓████
    …-prometheus-db-pvc-0001 █████████████████████████████████░·····················
                             ─┬────────────┬────────────┬───────────┬────────────┬──
                              Oct 26       Nov 2        Nov 9       Nov 16
    █ no gap  ▓ a gap in it  ░ mostly a gap  · nothing

    /srv/holdfast/volumes/prometheus
    data 2026-11-14T06:00:15Z  2026-11-18T21:00:15Z     4 d  79 923 samples
    gap  2026-11-18T21:00:15Z  2026-11-18T21:02:15Z   2 min
         rebuild: Prometheus was stopped by the run 20261118T211000Z-rebuild-7f3a.
    data 2026-11-18T21:02:15Z  2026-11-21T06:00:15Z     2 d  41 019 samples
    gap  2026-11-21T06:00:15Z  2026-11-21T15:00:15Z     9 h
         prometheus-down: Nothing was written of any job: Prometheus did not run, or
         could not write.
    data 2026-11-21T15:00:15Z  2026-11-24T06:00:15Z     2 d  45 363 samples

    Gaps of single jobs
    gap  2026-11-16T06:00:15Z  2026-11-17T12:00:15Z    30 h
         node-exporter: target-down: The target was down: Prometheus tried to scrape
         it and could not (up was 0).

    /srv/nfs/archived-monitoring-prometheus-db-pvc-0001
    data 2026-10-25T06:00:15Z  2026-11-12T06:00:15Z    18 d  311 043 samples

    note: /home/ada/.cache/holdfast/coverage/x.json is torn or no cache of ours: it
      was not used.
    "
  `);
});

test('nothing at all, and times that no calendar knows', () => {
  const none = { ...volume, samples: 0, intervalMs: null, ranges: [], gaps: [], jobs: [] };
  expect(render({ volumes: [none], cache }, 80)).toMatchInlineSnapshot(`
    "
    /srv/holdfast/volumes/prometheus (stack monitoring): no sample
    "
  `);
  const odd = { ...none, samples: 2, ranges: [{ fromMs: -9e15, toMs: 9e15, samples: 2 }] };
  expect(render({ volumes: [odd], cache }, 80)).toContain('an impossible time');
});

test('a gap of a single minute in two years is seen', () => {
  const ranges = [range(0, 365 * dayMs), range(365 * dayMs + 60_000, 730 * dayMs)];
  const [row = ''] = renderTimeline(
    [{ label: 'x', ranges, intervalMs }],
    createStyle({ hasColor: false, columns: 80 }),
  );
  expect(row.replaceAll('█', '')).toBe('x ▓');
});

test('a sample stands until the next is due', () => {
  const ranges = [range(0, 0), range(hourMs, hourMs)];
  const style = createStyle({ hasColor: false, columns: 42 });
  expect(renderTimeline([{ label: 'x', ranges, intervalMs: hourMs }], style)[0]).toBe(`x ${'█'.repeat(40)}`);
  expect(renderTimeline([{ label: 'x', ranges, intervalMs: hourMs / 2 }], style)[0]).toMatch(/^x █+▓?░?·+░?█+$/);
});

test('the ticks of an axis, from seconds to years', () => {
  const spans = [20_000, 10 * 60_000, hourMs, 2 * dayMs, 40 * dayMs, 400 * dayMs, 4000 * dayMs];
  const axes = spans.map((spanMs) => renderAxis({ fromMs: start, toMs: start + spanMs, cells: 60 }, true).join('\n'));
  expect(`\n${axes.join('\n')}\n`).toMatchInlineSnapshot(`
    "
    ┬──────────────┬──────────────┬──────────────┬──────────────
    06:00:15       06:00:20       06:00:25       06:00:30
    ──────────┬───────────┬───────────┬───────────┬───────────┬─
              06:02       06:04       06:06       06:08
    ─────────┬─────────┬─────────┬─────────┬─────────┬─────────┬
             06:10     06:20     06:30     06:40     06:50
    ───────┬──────────────┬──────────────┬──────────────┬───────
           12:00          Nov 15         12:00          Nov 16
    ──┬──────────┬─────────┬──────────┬─────────┬──────────┬────
      Nov 16     Nov 23    Nov 30     Dec 7     Dec 14
    ───────┬────────────┬─────────────┬─────────────┬───────────
           2027         Apr           Jul           Oct
    ──────┬──────────┬──────────┬──────────┬──────────┬─────────
          2028       2030       2032       2034       2036
    "
  `);
});

test.each([8000, 20_000, 200_000])('years on an axis of %d of them stand apart', (years) => {
  const scale = { fromMs: 0, toMs: years * 365.25 * dayMs, cells: 60 };
  const [ticks, labels] = renderAxis(scale, true);
  const told = labels.trim().split(/\s+/).map(Number);
  expect(told.length).toBeGreaterThanOrEqual(ticks.split('┬').length - 2);
  expect(told.length).toBeGreaterThan(3);
  expect(told).toEqual(told.toSorted((one, other) => one - other));
  expect(told.every((year) => year % 100 === 0 && year < 1970 + years + 1)).toBe(true);
});
