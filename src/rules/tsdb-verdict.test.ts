/**
 * Two inventories of hand-made sums: what they prove, what they prove to be gone, and where the verdict stays open rather
 * than guessed. Sums of several jobs in one window are told apart, and a cut is only used where both sides have it.
 */
import { describe, expect, test } from 'vitest';
import type { TsdbInventory, TsdbWindow } from '../model/tsdb-inventory.ts';
import { isGoodVerdict } from '../model/tsdb-proof.ts';
import { compareTsdbInventories, findWindowsInQuestion } from './tsdb-verdict.ts';

const windowMs = 7_200_000;

function windowOf(number: number, samples: number, digest: string, changed: Partial<TsdbWindow> = {}): TsdbWindow {
  const fromMs = number * windowMs;
  return {
    fromMs,
    toMs: fromMs + windowMs,
    series: 2,
    samples,
    staleMarkers: 0,
    digest: digest.padStart(16, '0'),
    firstMs: fromMs + 5,
    lastMs: fromMs + windowMs - 5,
    ...changed,
  };
}

function inventoryOf(windows: readonly TsdbWindow[], changed: Partial<TsdbInventory> = {}): TsdbInventory {
  return {
    completeToMs: windows.at(-1)?.lastMs ?? null,
    totals: {
      series: 2,
      samples: windows.reduce((sum, { samples }) => sum + samples, 0),
      staleMarkers: 0,
      outOfOrderSamples: 0,
    },
    windows,
    jobs: [],
    cut: null,
    outOfOrder: [],
    conflicts: { samples: 0, digest: '0'.repeat(16) },
    blocks: [],
    findings: [],
    ...changed,
  };
}

describe('without jobs', () => {
  const before = inventoryOf([windowOf(0, 10, 'a'), windowOf(1, 10, 'b'), windowOf(2, 10, 'c')]);

  test('equal sums are kept, fewer are lost, and equal counts with another digest are changed', () => {
    const after = inventoryOf([windowOf(0, 10, 'a'), windowOf(1, 7, 'b1'), windowOf(2, 10, 'c1')]);
    const verdict = compareTsdbInventories({ before, after });
    expect(verdict.lost.windows).toMatchObject([
      { fromMs: windowMs, kind: 'missing', samples: 3, exact: false, jobs: [] },
      { fromMs: 2 * windowMs, kind: 'changed', samples: 1, exact: false },
    ]);
    expect(verdict.kept).toEqual({ samples: 26, series: 2 });
    expect(findWindowsInQuestion(before, after)).toEqual([
      { fromMs: windowMs, series: 4 },
      { fromMs: 2 * windowMs, series: 4 },
    ]);
  });

  test('where all is too new to be promised, nothing is proved, and the remedy is a command', () => {
    const young = { ...before, completeToMs: null, windows: [] };
    const [finding] = compareTsdbInventories({ before: young, after: before }).findings;
    expect(finding).toMatchObject({ rule: 'nothing-to-prove', severity: 'warning' });
    expect(finding?.remedy).toMatch(/^Run `holdfast inventory DIR --json` anew/);
    const tooNewRemedy = 'Run `holdfast rebuild` again.';
    expect(compareTsdbInventories({ before: young, after: before, tooNewRemedy }).findings).toMatchObject([
      { rule: 'nothing-to-prove', remedy: tooNewRemedy },
    ]);
  });

  test('more is open: a failure in a full window, and none in the one that was being filled', () => {
    const inFull = compareTsdbInventories({
      before,
      after: inventoryOf([windowOf(0, 10, 'a'), windowOf(1, 11, 'b1'), windowOf(2, 10, 'c')]),
    });
    expect([isGoodVerdict(inFull), inFull.undecided.windows[0]?.kind, inFull.kept.samples]).toEqual([
      false,
      'added',
      20,
    ]);
    const inLast = compareTsdbInventories({
      before,
      after: inventoryOf([windowOf(0, 10, 'a'), windowOf(1, 10, 'b'), windowOf(2, 15, 'c1')]),
    });
    expect([isGoodVerdict(inLast), inLast.undecided.windows[0]?.kind]).toEqual([true, 'filling']);
    const fewerSeries = compareTsdbInventories({
      before,
      after: inventoryOf([windowOf(0, 10, 'a'), windowOf(1, 10, 'b'), windowOf(2, 15, 'c1', { series: 1 })]),
    });
    expect(fewerSeries.lost).toMatchObject({ samples: 1, windows: [{ kind: 'missing', exact: false }] });
  });

  test('nothing is promised behind the end, and a baseline that was not cut is open there', () => {
    const completeToMs = 2 * windowMs + 50;
    const live = { ...before, completeToMs, windows: [...before.windows, windowOf(3, 4, 'd')] };
    const verdict = compareTsdbInventories({
      before: live,
      after: inventoryOf([windowOf(0, 10, 'a'), windowOf(1, 10, 'b'), windowOf(2, 9, 'c1')]),
    });
    expect(verdict.lost.windows).toEqual([]);
    expect(verdict.undecided.windows).toMatchObject([{ kind: 'filling', samples: 10 }]);
    const cut = {
      atMs: completeToMs,
      window: windowOf(2, 6, 'c6', { lastMs: completeToMs }),
      jobs: [],
      nextMs: completeToMs + 7,
    };
    const proved = compareTsdbInventories({
      before: { ...live, cut },
      after: inventoryOf([windowOf(0, 10, 'a'), windowOf(1, 10, 'b'), windowOf(2, 9, 'c9'), windowOf(4, 3, 'e')], {
        cut,
      }),
    });
    expect([proved.kept.samples, proved.undecided.samples, proved.added.samples]).toEqual([26, 0, 6]);
    // From the last one of the third window to the first one of the fifth, longer than that around the end.
    expect(proved.gap).toEqual({ fromMs: 3 * windowMs - 5, toMs: 4 * windowMs + 5 });
  });

  test('a window that is gone has expired only where every block that reached into it was condemned', () => {
    const after = inventoryOf([windowOf(1, 10, 'b'), windowOf(2, 10, 'c')]);
    const first = { fromMs: 0, toMs: windowMs };
    const others = [{ fromMs: windowMs, toMs: 3 * windowMs }];
    const expired = compareTsdbInventories({ before, after, blocks: { condemned: [first], kept: others } });
    expect([isGoodVerdict(expired), expired.expired.samples]).toEqual([true, 10]);
    const overlapping = [...others, { fromMs: 10, toMs: 20 }];
    const lost = compareTsdbInventories({ before, after, blocks: { condemned: [first], kept: overlapping } });
    expect([isGoodVerdict(lost), lost.expired.samples, lost.lost.samples]).toEqual([false, 0, 10]);
  });

  test('a comparison of another moment than the inventory decides nothing', () => {
    const after = inventoryOf([windowOf(0, 10, 'a'), windowOf(1, 11, 'b1'), windowOf(2, 10, 'c')]);
    const compared = { fromMs: windowMs, missing: 0, changed: 0, added: 1, jobs: [] };
    const series = { listed: [], more: 0 };
    const same = { ...compared, before: { samples: 10, digest: 'b'.padStart(16, '0') } };
    const kept = compareTsdbInventories({ before, after, comparison: { windows: [same], series } });
    expect([isGoodVerdict(kept), kept.kept.samples, kept.added.samples]).toEqual([true, 30, 1]);
    const moved = { ...compared, before: { samples: 9, digest: 'b'.padStart(16, '0') } };
    const open = compareTsdbInventories({ before, after, comparison: { windows: [moved], series } });
    expect([isGoodVerdict(open), open.undecided.windows[0]?.kind]).toEqual([false, 'moved']);
  });
});

test('a job that came since does not hide what another one lost, and one that is equal is proved', () => {
  const jobs = (api: TsdbWindow, node: TsdbWindow) => [
    { job: 'api', windows: [api] },
    { job: 'node', windows: [node] },
  ];
  const before = inventoryOf([windowOf(0, 20, 'a'), windowOf(1, 1, 'z')], {
    jobs: jobs(windowOf(0, 10, '1'), windowOf(0, 10, '2')),
  });
  const after = inventoryOf([windowOf(0, 25, 'b'), windowOf(1, 1, 'z')], {
    jobs: jobs(windowOf(0, 19, '3'), windowOf(0, 6, '4')),
  });
  const verdict = compareTsdbInventories({ before, after });
  expect(verdict.lost.windows).toMatchObject([{ kind: 'missing', samples: 4, jobs: [{ job: 'node', samples: 4 }] }]);
  expect(verdict.undecided).toMatchObject({ samples: 10, windows: [{ kind: 'added' }] });
  expect(verdict.kept.samples).toBe(7);
});
