/**
 * Somebody has a year of data of an old Prometheus, and starts with Holdfast, whose default is to keep 15 days. `adopt`
 * takes the directory in without asking anything: it makes the data root, copies, leaves the directory as it was, and sets
 * a retention that keeps all of it. After `up`, a second `up` and a rebuild, the old samples are all still there, and
 * Prometheus is told to keep them. What is no Prometheus data, and a second history, are refused.
 */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openHoldfast } from '../harness/holdfast.ts';
import { openAsker, type Asker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import type { Holdfast } from '../harness/holdfast.ts';
import { dayMs, makeBlocks, type MadeBlocks } from '../harness/make-blocks.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';
import { readRetentionDays } from './retention-of.ts';
import { countStoredSamples } from './stored-blocks.ts';

const yearMs = 365 * dayMs;

describeStack('a year of data is adopted under the default retention', () => {
  let holdfast: Holdfast;
  let made: MadeBlocks;
  let old: string;
  let before: Awaited<ReturnType<typeof snapshotTree>>;
  let asker: Asker;

  /** Ten moments of the year, and how many samples there were in the 28 days before each, less a minute. */
  const countOldSamples = async () => {
    const moments = Array.from({ length: 10 }, (_, index) => made.newestMs - Math.floor((index * yearMs) / 10));
    return Promise.all(
      moments.map(async (atMs) => (await asker.query('sum(count_over_time(fixture_value[671h59m]))', atMs))['{}']),
    );
  };

  test('adopt makes a data root, and leaves the directory as it was', async () => {
    holdfast = await openHoldfast();
    made = await makeBlocks({
      endsBeforeNowMs: dayMs,
      spanMs: yearMs,
      everyMs: dayMs / 12,
      series: 3,
      blockMs: 27 * dayMs,
    });
    old = join(holdfast.directory, 'old-prometheus');
    await cp(made.directory, old, { recursive: true, preserveTimestamps: true });
    before = await snapshotTree(old);
    const { json } = await holdfast.succeed(['adopt', old]);
    expect(json).toMatchObject({ stack: 'monitoring', from: old });
    expect(await snapshotTree(old)).toEqual(before);
    const { retention, volumes, desired } = await holdfast.stackFile();
    expect(retention.timeMs).toBeGreaterThan(yearMs + 15 * dayMs);
    expect(volumes).toMatchObject([{ component: 'prometheus', adoptedFrom: old }]);
    expect(desired).toBe('down');
  });

  test('what holds no data, and a second history, are refused', async () => {
    const empty = join(holdfast.directory, 'photos');
    await mkdir(empty);
    await writeFile(join(empty, 'cat.txt'), 'miaow');
    const stackFile = await holdfast.stackFile();
    const unknown = await holdfast.run(['adopt', empty]);
    expect(unknown.exitCode).toBe(10);
    expect(unknown.json.error?.code).toBe('not-adoptable');
    const second = await holdfast.run(['adopt', old]);
    expect(second.exitCode).toBe(10);
    expect(second.json.error?.message).toContain('two histories are never mixed');
    expect(await holdfast.stackFile()).toEqual(stackFile);
    expect(await snapshotTree(old)).toEqual(before);
  });

  test('up starts on it with all samples, and tells Prometheus to keep them', async () => {
    const { json } = await holdfast.succeed(['up']);
    expect(json.ok).toBe(true);
    asker = await openAsker(holdfast);
    const [newest, ...older] = (await countOldSamples()).map(Number);
    expect(newest).toBe(28 * 12 * 3);
    for (const samples of older) expect(samples).toBeGreaterThan(0);
    const directory = holdfast.path('volumes', 'prometheus', 'prometheus-db');
    expect(await countStoredSamples(directory, made.newestMs)).toBe(made.samples);
    expect(await readRetentionDays(asker)).toBeGreaterThan(365 + 15);
    expect(json.volumes?.find(({ component }) => component === 'prometheus')?.oldestMs).toBeLessThanOrEqual(
      made.oldestMs,
    );
  });

  test('a second up has nothing to do, and a rebuild loses nothing', async () => {
    const counted = await countOldSamples();
    expect((await holdfast.succeed(['up'])).json).toMatchObject({ run: null, steps: [] });
    const { proof } = (await holdfast.succeed(['rebuild', '--confirm', 'monitoring'])).json;
    expect(proof).toMatchObject({ lost: { samples: 0, windows: [] }, expired: { samples: 0 } });
    expect(proof?.kept.samples).toBeGreaterThanOrEqual(made.samples);
    expect(await countOldSamples()).toEqual(counted);
    expect(await readRetentionDays(asker)).toBeGreaterThan(365 + 15);
    expect(await snapshotTree(old)).toEqual(before);
  });
});
