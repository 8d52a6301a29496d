import type { TsdbListing } from '../model/block.ts';
import type { Finding } from '../model/finding.ts';
import type { AnsweredWindow, Inventory } from '../model/inventory.ts';
import type { LostWindow, Proof } from '../model/proof.ts';
import type { TsdbInventory } from '../model/tsdb-inventory.ts';
import { compareBlocks, type BlockComparison } from './compare-blocks.ts';
import { compareComponents } from './compare-components.ts';
import { compareTsdbInventories, type Condemned } from './tsdb-verdict.ts';

/** Why a metric could not be counted again. */
export interface UncountedMetric {
  readonly fromMs: number;
  readonly toMs: number;
  readonly metric: string;
  readonly reason: string;
}

/** What there is now, asked the same questions as the inventory. */
export interface AfterState {
  readonly atMs: number;
  readonly listing: TsdbListing;
  /** The inventory's windows, asked again at the same evaluation times. */
  readonly windows: readonly AnsweredWindow[];
  readonly uncounted: readonly UncountedMetric[];
  /** As an inventory's, with expired silences too. */
  readonly components: Inventory['components'];
  readonly gap: Proof['gap'];
  /** Samples that came after the baseline's end. */
  readonly addedSamples: number;
  readonly findings: readonly Finding[];
  /** The bytes, counted before and now; null where they were not counted before. */
  readonly tsdb: { readonly before: TsdbInventory; readonly after: TsdbInventory } | null;
}

/**
 * Compares an inventory with what there is now (docs/format/proof.md). Samples are counted once: blocks by their
 * meta.json, the head by Prometheus' answers. An older window only bears witness against a block that seems kept.
 */
export function compareInventories(comparison: { readonly before: Inventory; readonly after: AfterState }): Proof {
  const { before, after } = comparison;
  const blocks = compareBlocks(before, after.listing);
  const answers = compareWindows(before, after, blocks);
  const components = compareComponents(before, after);
  const windows = [...blocks.lost, ...answers.lost].sort((a, b) => a.fromMs - b.fromMs);
  const lostSamples = windows.reduce((sum, window) => sum + window.samples, 0);
  const headLost = answers.lost.reduce((sum, window) => sum + window.samples, 0);
  return {
    format: 1,
    run: before.run,
    stack: before.stack,
    provedAtMs: Math.round(after.atMs),
    completeToMs: before.completeToMs,
    kept: {
      series: Math.max(blocks.keptSeries, answers.keptSeries),
      samples: Math.max(0, blocks.keptSamples + answers.headSamples - headLost),
    },
    lost: { samples: lostSamples, windows },
    expired: { samples: blocks.expiredSamples },
    gap: after.gap,
    added: { samples: after.addedSamples + answers.addedSamples },
    components: components.proofs,
    tsdb:
      after.tsdb === null
        ? null
        : compareTsdbInventories({
            ...after.tsdb,
            blocks: condemnedIn(blocks, after.listing),
            tooNewRemedy: rebuildAnew,
          }),
    findings: uniqueFindings([...before.findings, ...after.findings, ...blocks.findings, ...components.findings]),
  };
}

const rebuildAnew =
  'Run `holdfast rebuild` again once the stack has run for a minute: then there is something to prove.';

/** What has expired for one witness has for the other one. */
function condemnedIn({ expired, counted }: BlockComparison, listing: TsdbListing): Condemned {
  const gone = new Set(expired);
  const rangeOf = ({ minTime, maxTime }: { readonly minTime: number; readonly maxTime: number }) => ({
    fromMs: minTime,
    toMs: maxTime,
  });
  const kept = [...counted.filter((block) => !gone.has(block)), ...listing.blocks];
  return { condemned: expired.map(rangeOf), kept: kept.map(rangeOf) };
}

interface WindowComparison {
  readonly lost: readonly LostWindow[];
  readonly headSamples: number;
  readonly addedSamples: number;
  readonly keptSeries: number;
}

function compareWindows(before: Inventory, after: AfterState, blocks: BlockComparison): WindowComparison {
  const answered = new Map(after.windows.map((window) => [keyOf(window), window]));
  const uncounted = new Map(after.uncounted.map((metric) => [`${keyOf(metric)} ${metric.metric}`, metric.reason]));
  const lost: LostWindow[] = [];
  let headSamples = 0;
  let addedSamples = 0;
  let keptSeries = 0;
  for (const window of before.windows) {
    const isHead = window.where === 'head';
    if (isHead) headSamples += samplesOf(window);
    if (!isHead && blocks.gone.some((range) => range.minTime < window.toMs && window.fromMs < range.maxTime)) continue;
    const now = answered.get(keyOf(window));
    const missing = missingIn(window, now, (metric) => uncounted.get(`${keyOf(window)} ${metric}`));
    if (missing === undefined) keptSeries = Math.max(keptSeries, seriesOf(window));
    else lost.push(missing);
    if (isHead && now !== undefined) addedSamples += surplusOf(window, now);
  }
  return { lost, headSamples, addedSamples, keptSeries };
}

function missingIn(
  before: AnsweredWindow,
  after: AnsweredWindow | undefined,
  reasonOf: (metric: string) => string | undefined,
): LostWindow | undefined {
  const now = new Map((after?.metrics ?? []).map((metric) => [metric.metric, metric]));
  const words: string[] = [];
  let samples = 0;
  for (const metric of before.metrics) {
    const found = now.get(metric.metric) ?? { series: 0, samples: 0 };
    if (found.samples >= metric.samples && found.series >= metric.series) continue;
    const reason = reasonOf(metric.metric);
    samples += Math.max(0, metric.samples - found.samples);
    words.push(
      reason === undefined
        ? `${metric.metric} (${found.samples} of ${metric.samples} samples, ${found.series} of ${metric.series} series)`
        : `${metric.metric} (${reason})`,
    );
  }
  if (words.length === 0) return undefined;
  const more = words.length > 3 ? ` and ${words.length - 3} more metrics` : '';
  const reason = `${before.where === 'head' ? 'head' : 'blocks'}: ${words.slice(0, 3).join(', ')}${more}`;
  return { fromMs: before.fromMs, toMs: before.toMs, samples, reason };
}

/** What was committed late, after the head was counted. */
function surplusOf(before: AnsweredWindow, after: AnsweredWindow): number {
  const then = new Map(before.metrics.map((metric) => [metric.metric, metric.samples]));
  return after.metrics.reduce((sum, { metric, samples }) => sum + Math.max(0, samples - (then.get(metric) ?? 0)), 0);
}

function keyOf(window: { readonly fromMs: number; readonly toMs: number }): string {
  return `${window.fromMs} ${window.toMs}`;
}

function samplesOf(window: AnsweredWindow): number {
  return window.metrics.reduce((sum, metric) => sum + metric.samples, 0);
}

function seriesOf(window: AnsweredWindow): number {
  return window.metrics.reduce((sum, metric) => sum + metric.series, 0);
}

function uniqueFindings(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Map(findings.map((finding) => [`${finding.rule} ${finding.object} ${finding.message}`, finding]));
  return [...seen.values()];
}
