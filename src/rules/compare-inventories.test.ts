import { describe, expect, test } from 'vitest';
import type { BlockOnDisk } from '../model/block.ts';
import type { AnsweredWindow, Inventory } from '../model/inventory.ts';
import { isGoodProof } from '../model/proof.ts';
import type { TsdbInventory } from '../model/tsdb-inventory.ts';
import { compareInventories, type AfterState } from './compare-inventories.ts';
import { testBlock, testListing } from './test-listing.ts';

const hour = 3_600_000;
const day = 24 * hour;
const nowMs = 100 * day;

const a = testBlock('a', { minTime: 90 * day, maxTime: 90 * day + 2 * hour, samples: 100, series: 5 });
const b = testBlock('b', { minTime: 90 * day + 2 * hour, maxTime: 90 * day + 4 * hour, samples: 200, series: 9 });
const older: AnsweredWindow = {
  fromMs: a.minTime,
  toMs: a.maxTime,
  where: 'blocks',
  metrics: [{ metric: 'm', series: 5, samples: 100 }],
};
const head: AnsweredWindow = {
  fromMs: nowMs - hour,
  toMs: nowMs,
  where: 'head',
  metrics: [
    { metric: 'up', series: 2, samples: 40 },
    { metric: 'm', series: 3, samples: 60 },
  ],
};
const none = { alertmanager: null, pushgateway: null, grafana: null };

function inventory(change: Partial<Inventory> = {}): Inventory {
  return {
    format: 1,
    run: 'r',
    stack: 's',
    stackId: 'id',
    takenAtMs: nowMs,
    completeToMs: nowMs - 1,
    scrapeIntervalMs: 15_000,
    retention: { timeMs: 15 * day, sizeBytes: 0 },
    newestMs: nowMs - 1,
    witness: 'prometheus',
    prometheusVersion: '2.42.0',
    blocks: [a, b],
    headBytes: 0,
    windows: [older, head],
    components: none,
    tsdb: null,
    findings: [],
    ...change,
  };
}

function after(blocks: readonly BlockOnDisk[], change: Partial<AfterState> = {}): AfterState {
  return {
    atMs: nowMs + 60_000,
    listing: testListing(blocks),
    windows: [older, head],
    uncounted: [],
    components: none,
    gap: null,
    addedSamples: 7,
    tsdb: null,
    findings: [],
    ...change,
  };
}

const prove = (before: Partial<Inventory>, now: AfterState) =>
  compareInventories({ before: inventory(before), after: now });

describe('blocks', () => {
  test('all there: blocks and head are kept, each sample counted once', () => {
    const proof = prove({}, after([a, b]));
    expect(isGoodProof(proof)).toBe(true);
    expect(proof).toMatchObject({ kept: { series: 9, samples: 400 }, lost: { samples: 0, windows: [] } });
    expect(proof).toMatchObject({ expired: { samples: 0 }, added: { samples: 7 } });
  });

  test('a compaction is followed through parents, and through sources over two generations', () => {
    const both = { minTime: a.minTime, maxTime: b.maxTime, samples: 300 };
    const child = testBlock('c', { ...both, parents: [a.ulid, b.ulid], sources: [] });
    const grandchild = testBlock('g', { ...both, parents: ['X'], sources: [a.ulid, b.ulid, 'Y'] });
    expect(prove({}, after([child])).lost.windows).toEqual([]);
    expect(prove({}, after([grandchild])).lost.windows).toEqual([]);
  });

  test('a compacted block with fewer samples is a loss, unless its parents overlapped', () => {
    const child = testBlock('c', { minTime: a.minTime, maxTime: b.maxTime, samples: 290, parents: [a.ulid, b.ulid] });
    const proof = prove({}, after([child]));
    expect(proof.lost).toMatchObject({ samples: 10, windows: [{ fromMs: a.minTime, toMs: b.maxTime, samples: 10 }] });
    expect(proof.kept.samples).toBe(390);
    const beside = { ...b, minTime: a.minTime };
    const merged = prove({ blocks: [a, beside] }, after([child]));
    expect(merged.lost.windows).toEqual([]);
    expect(merged.findings.map((finding) => finding.rule)).toEqual(['overlap-merged']);
    // What they shared is there once; still nothing of the larger one may be missing.
    const least = Math.max(a.samples, beside.samples);
    const less = prove({ blocks: [a, beside] }, after([{ ...child, samples: least - 5 }]));
    expect(less.lost).toMatchObject({ samples: 5, windows: [{ samples: 5 }] });
  });

  test('one that names a parent but does not cover its time does not hold its samples', () => {
    const child = testBlock('c', { minTime: b.minTime, maxTime: b.maxTime, samples: 999, parents: [a.ulid, b.ulid] });
    expect(prove({}, after([child])).lost.windows.map((window) => window.fromMs)).toEqual([a.minTime]);
  });

  test('a vanished block is named once, not again by the older window inside it', () => {
    const proof = prove({}, after([b], { windows: [{ ...older, metrics: [] }, head] }));
    expect(proof.lost).toMatchObject({ samples: 100, windows: [{ fromMs: a.minTime, toMs: a.maxTime, samples: 100 }] });
    expect(proof.lost.windows[0]?.reason).toContain(a.ulid);
    expect(proof.kept.samples).toBe(300);
    expect(isGoodProof(proof)).toBe(false);
  });

  test('one whose meta.json is gone is lost too, and said so', () => {
    const listing = testListing([b], { broken: [{ name: a.ulid, reason: 'meta.json is missing' }] });
    expect(prove({}, after([], { listing })).lost.windows[0]?.reason).toContain('is there, but meta.json is missing');
  });

  test('it has expired only where the retention of before had condemned it at the newest sample of before', () => {
    const border = nowMs - a.maxTime;
    const windows = [{ ...older, metrics: [] }, head];
    const condemned = prove({ retention: { timeMs: border, sizeBytes: 0 } }, after([b], { windows }));
    expect(condemned).toMatchObject({ expired: { samples: 100 }, lost: { samples: 0, windows: [] } });
    const kept = prove({ retention: { timeMs: border + 1, sizeBytes: 0 } }, after([b], { windows }));
    expect(kept).toMatchObject({ expired: { samples: 0 }, lost: { samples: 100 } });
  });

  test('it has not expired where an older one is still there, which any retention takes first', () => {
    const elder = testBlock('e', { minTime: a.minTime - 7_200_000, maxTime: a.minTime, samples: 7 });
    const windows = [{ ...older, metrics: [] }, head];
    const before = { blocks: [elder, a, b], retention: { timeMs: nowMs - a.maxTime, sizeBytes: 0 } };
    expect(prove(before, after([elder, b], { windows }))).toMatchObject({
      expired: { samples: 0 },
      lost: { samples: 100 },
    });
  });

  test('by size it has expired where the blocks that came since pushed it out', () => {
    const fresh = testBlock('f', { minTime: nowMs, maxTime: nowMs + 1 });
    const windows = [{ ...older, metrics: [] }, head];
    const before = { retention: { timeMs: 0, sizeBytes: 2500 } };
    expect(prove(before, after([b, fresh], { windows }))).toMatchObject({
      expired: { samples: 100 },
      lost: { samples: 0 },
    });
    expect(prove(before, after([b], { windows }))).toMatchObject({ expired: { samples: 0 }, lost: { samples: 100 } });
  });

  test('parents that were still there when the inventory was taken are counted by their child', () => {
    const child = testBlock('c', { minTime: a.minTime, maxTime: a.maxTime, samples: 100, parents: [a.ulid] });
    const proof = prove({ blocks: [a, child], windows: [] }, after([child]));
    expect(proof).toMatchObject({ kept: { samples: 100 }, lost: { samples: 0 } });
  });
});

describe('windows', () => {
  test('any metric with fewer samples or series names its window, samples and metrics', () => {
    const windows = [older, { ...head, metrics: [{ metric: 'up', series: 2, samples: 30 }] }];
    const proof = prove({}, after([a, b], { windows }));
    expect(proof.lost).toEqual({
      samples: 70,
      windows: [
        {
          fromMs: head.fromMs,
          toMs: head.toMs,
          samples: 70,
          reason: 'head: up (30 of 40 samples, 2 of 2 series), m (0 of 60 samples, 0 of 3 series)',
        },
      ],
    });
    expect(proof.kept.samples).toBe(330);
  });

  test('fewer series alone fail the proof; more samples are added ones', () => {
    const change = (series: number, samples: number) => [
      older,
      { ...head, metrics: [{ metric: 'up', series, samples }] },
    ];
    const before = { windows: change(2, 40) };
    expect(isGoodProof(prove(before, after([a, b], { windows: change(1, 40) })))).toBe(false);
    expect(prove(before, after([a, b], { windows: change(2, 42) })).added.samples).toBe(9);
  });

  test('a kept block that answers less is a loss by its older window, with the reason Prometheus gives', () => {
    const uncounted = [{ fromMs: older.fromMs, toMs: older.toMs, metric: 'm', reason: 'broken chunk' }];
    const proof = prove({}, after([a, b], { windows: [{ ...older, metrics: [] }, head], uncounted }));
    expect(proof.lost.windows.map((window) => window.reason)).toEqual(['blocks: m (broken chunk)']);
  });

  test('a window that was not answered at all is lost', () => {
    expect(prove({}, after([a, b], { windows: [older] })).lost.samples).toBe(100);
  });
});

describe('components', () => {
  const components: Inventory['components'] = {
    alertmanager: {
      silences: [
        { id: 'x', endsAtMs: nowMs + day },
        { id: 'y', endsAtMs: nowMs + 1 },
      ],
    },
    pushgateway: { groups: [{ key: '{"job":"j"}', series: 3 }] },
    grafana: { dashboards: ['d'] },
  };

  test('a silence whose time ran out is not lost, a missing one and a smaller group are', () => {
    const now = {
      ...components,
      alertmanager: { silences: [] },
      pushgateway: { groups: [{ key: '{"job":"j"}', series: 1 }] },
    };
    const proof = prove({ components }, after([a, b], { components: now }));
    expect(proof.components).toEqual([
      { name: 'alertmanager', kept: 0, lost: 1, checked: true, missing: ['x'] },
      { name: 'pushgateway', kept: 1, lost: 2, checked: true, missing: ['{"job":"j"} (1 of 3 series)'] },
      { name: 'grafana', kept: 1, lost: 0, checked: true, missing: [] },
    ]);
    expect(isGoodProof(proof)).toBe(false);
  });

  test('what could not be checked is named; what the stack never had is not', () => {
    const before = { ...components, grafana: null };
    const proof = prove({ components: before }, after([a, b], { components: { ...before, alertmanager: null } }));
    expect(proof.components.map(({ name, checked }) => [name, checked])).toEqual([
      ['alertmanager', false],
      ['pushgateway', true],
    ]);
    expect(proof.findings).toMatchObject([{ rule: 'component-not-asked', object: 'alertmanager' }]);
  });
});

test('a stack that has only just begun has nothing to prove yet, and the remedy says which command does later', () => {
  const young: TsdbInventory = {
    completeToMs: null,
    totals: { series: 2, samples: 8, staleMarkers: 0, outOfOrderSamples: 0 },
    windows: [],
    jobs: [],
    cut: null,
    outOfOrder: [],
    conflicts: { samples: 0, digest: '0'.repeat(16) },
    blocks: [],
    findings: [],
  };
  const proof = prove({}, after([a, b], { tsdb: { before: young, after: young } }));
  expect(proof.tsdb?.findings).toMatchObject([{ rule: 'nothing-to-prove', severity: 'warning' }]);
  expect(proof.tsdb?.findings[0]?.remedy).toMatch(/^Run `holdfast rebuild` again/);
});
