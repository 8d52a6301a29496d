import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasCode } from '../errors/holdfast-error.ts';
import type { Window } from '../rules/choose-windows.ts';
import { findTestProgram, missing } from '../stack/find-test-program.ts';
import { askWindows } from './ask-windows.ts';
import { makeTestBlocks, startTestPrometheus, type TestPrometheus } from './test-prometheus.ts';

const hour = 3_600_000;
const { signal } = new AbortController();
const prometheus = findTestProgram('prometheus') ?? '';
const promtool = findTestProgram('promtool') ?? '';
const skip = missing(prometheus || undefined, 'prometheus') || missing(promtool || undefined, 'promtool');
const endMs = Math.floor(Date.now() / (2 * hour)) * 2 * hour - 4 * hour;
const window: Window = { fromMs: endMs - 2 * hour, toMs: endMs, where: 'blocks' };

describe.skipIf(skip !== '')(`questions to a real Prometheus${skip}`, { timeout: 30_000 }, () => {
  let directory = '';
  let running: TestPrometheus | undefined;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-ask-'));
    await makeTestBlocks({ promtool, directory, endMs, hours: 6 });
    running = await startTestPrometheus({ program: prometheus, directory, flags: ['--query.max-samples=125'] });
  });
  afterAll(async () => {
    await running?.stop();
    await rm(directory, { recursive: true, force: true });
  });
  const reader = () => {
    if (running === undefined) throw new Error('not started');
    return running.reader;
  };

  test('a window holds exactly the samples from its first millisecond up to its end', async () => {
    const questions = [window, { ...window, fromMs: window.fromMs + 60_000 }, { ...window, toMs: endMs - 59_999 }].map(
      (asked) => ({ window: asked, metrics: ['held_a'] }),
    );
    const answers = await askWindows(questions, { prometheus: reader(), version: '2.42.0', signal });
    expect(answers.unanswered).toEqual([]);
    expect(answers.windows.map(({ metrics }) => metrics)).toEqual([
      [{ metric: 'held_a', series: 3, samples: 360 }],
      [{ metric: 'held_a', series: 3, samples: 357 }],
      [{ metric: 'held_a', series: 3, samples: 360 }],
    ]);
  });

  test('what Prometheus refuses is halved until one metric stands alone, and odd names are asked as they are', async () => {
    const metrics = ['held_a', 'held_b', 'odd "name" \\ \n $1 ☃'];
    const long = { ...window, fromMs: endMs - 6 * hour };
    const answers = await askWindows(
      [
        { window, metrics },
        { window: long, metrics },
      ],
      { prometheus: reader(), version: '2.42.0', signal },
    );
    expect(answers.windows[0]?.metrics.map(({ metric }) => metric)).toEqual(['held_a', 'held_b']);
    expect(answers.windows[1]?.metrics).toEqual([]);
    expect(answers.unanswered.map(({ metric, fromMs }) => [metric, fromMs])).toEqual([
      ['held_a', long.fromMs],
      ['held_b', long.fromMs],
    ]);
    expect(answers.unanswered[0]?.reason).toContain('too many samples');
  });

  test('numbers are read as Prometheus says them, a wrong question is an error, times come raw', async () => {
    const asked = await reader().query('vector(1/0) or label_replace(vector(0/0),"x","y","","")', endMs, signal);
    expect(asked).toEqual([
      { labels: {}, value: Infinity },
      { labels: { x: 'y' }, value: NaN },
    ]);
    const error: unknown = await reader()
      .query('sum(', endMs, signal)
      .catch((thrown: unknown) => thrown);
    expect(hasCode(error, 'component-api') && error.message).toContain('parse error');
    const times = await reader().listSampleTimes('held_a{series="0"}[2m]', endMs - 1, signal);
    expect(times).toMatchObject([{ timesMs: [endMs - 120_000, endMs - 60_000] }]);
    const range = { fromMs: window.fromMs, toMs: window.toMs - 1 };
    expect(await reader().listMetricNames(range, signal)).toEqual(['held_a', 'held_b']);
  });
});
