import { describe, expect, test } from 'vitest';
import type { ListedVolume, VolumeCondition } from '../model/volume.ts';
import { chooseHeadWindows, chooseOlderWindows } from './choose-windows.ts';
import { findGap } from './find-gap.ts';
import { judgeFutureBlocks } from './future-blocks.ts';
import { judgeProgramVersion } from './program-version.ts';
import { testBlock, testListing } from './test-listing.ts';
import { volumeRefusal } from './volume-condition.ts';

const hour = 3_600_000;

test('an older program is refused, the same and a newer one are not, however they say their version', () => {
  expect(judgeProgramVersion('prometheus', '2.42.0', 'v3.14.0')?.code).toBe('program-older-than-volume');
  expect(judgeProgramVersion('prometheus', '2.42.0+ds', '2.42.0')).toBeUndefined();
  expect(judgeProgramVersion('prometheus', '3.14.0', '2.42.0')).toBeUndefined();
  expect(judgeProgramVersion('prometheus', '2.9.0', '2.10.0')?.message).toContain('2.9.0');
});

test('a block that ends in more than five minutes is refused, in less is a warning, in the past nothing', () => {
  const ending = (maxTime: number) => testBlock(`e${maxTime}`, { maxTime });
  const judged = judgeFutureBlocks([ending(100), ending(300_100), ending(300_101)], 100);
  expect(judged.refused.map((block) => block.maxTime)).toEqual([300_101]);
  expect(judged.findings.map((finding) => finding.rule)).toEqual(['block-ends-soon']);
  const late = { ...ending(7_200_000), hints: ['from-out-of-order'] };
  expect(judgeFutureBlocks([late], 100)).toEqual({ refused: [], findings: [] });
});

describe('a volume', () => {
  const listed: ListedVolume = {
    component: 'prometheus',
    id: 'v1',
    path: 'volumes/prometheus',
    state: 'present',
    createdAtMs: 0,
  };
  const identity = {
    format: 1,
    stackId: 's2',
    stack: 'other',
    component: 'grafana',
    volumeId: 'v2',
    createdAtMs: 0,
  } as const;
  const refuse = (condition: VolumeCondition) => volumeRefusal(listed, condition, '/data');

  test('that is ours is let in', () => {
    expect(refuse({ state: 'ok', identity })).toBeUndefined();
  });

  test.each([
    [{ state: 'missing' }, '/data/volumes/prometheus does not exist'],
    [{ state: 'empty' }, '/data/volumes/prometheus is empty'],
    [{ state: 'foreign', identity }, 'volume v2 (grafana) of stack other'],
    [{ state: 'unreadable', reason: 'it is torn' }, 'it is torn'],
  ] as const)('that is %o is refused with its path and a remedy', (condition, words) => {
    const refusal = refuse(condition);
    expect(refusal?.exitStatus).toBe(10);
    expect(refusal?.message).toContain(words);
    expect(refusal?.message).toContain('Nothing was started or changed.');
    expect(refusal?.remedy).toContain('/data/volumes/prometheus');
  });
});

describe('windows', () => {
  test('twenty are spread from the oldest block to the newest, all of them where there are fewer', () => {
    const blocks = Array.from({ length: 90 }, (_, index) =>
      testBlock(`w${index}`, { minTime: index * 2 * hour, maxTime: (index + 1) * 2 * hour }),
    );
    const chosen = chooseOlderWindows(testListing(blocks));
    expect(new Set(chosen.map((window) => window.fromMs)).size).toBe(20);
    expect([chosen[0]?.fromMs, chosen.at(-1)?.toMs]).toEqual([0, 180 * hour]);
    expect(chooseOlderWindows(testListing(blocks.slice(0, 3)))).toHaveLength(3);
    expect(chooseOlderWindows(testListing([]))).toEqual([]);
    const large = testBlock('l', { minTime: hour, maxTime: 400 * 24 * hour + hour });
    expect(chooseOlderWindows(testListing([large]))[0]).toEqual({ fromMs: hour, toMs: 2 * hour, where: 'blocks' });
  });

  test('those of the head are aligned, touch each other and end with the baseline', () => {
    const range = { newestBlockMs: 5 * hour, headMinMs: 4 * hour, completeToMs: 9 * hour };
    const ends = chooseHeadWindows(range).map(({ fromMs, toMs }) => [fromMs / hour, toMs]);
    expect(ends).toEqual([
      [5, 6 * hour],
      [6, 8 * hour],
      [8, 9 * hour + 1],
    ]);
    expect(chooseHeadWindows({ ...range, headMinMs: null })).toEqual([]);
    expect(chooseHeadWindows({ ...range, completeToMs: 3 * hour })).toEqual([]);
    expect(chooseHeadWindows({ ...range, completeToMs: 1000 * hour }).length).toBeLessThanOrEqual(13);
  });
});

describe('the gap', () => {
  const baseline = { completeToMs: 30_000, nowMs: 100_000 };
  test('lies between the last sample of before and the first of after', () => {
    expect(findGap([10_000, 20_000, 30_000, 38_000, 80_000, 90_000], baseline)).toEqual({
      fromMs: 38_000,
      toMs: 80_000,
    });
  });
  test('is the longest however short, is open where none came yet, and holes of before do not count', () => {
    const steady = [0, 25_000, 35_000, 41_000, 55_000, 65_000, 75_000, 85_000, 95_000];
    expect(findGap(steady, baseline)).toEqual({ fromMs: 41_000, toMs: 55_000 });
    expect(findGap([20_000, 30_000], baseline)).toEqual({ fromMs: 30_000, toMs: 100_000 });
    expect(findGap([], baseline)).toBeNull();
  });
});
