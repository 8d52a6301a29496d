import type { PrometheusReader, QueryFailure, QuerySeries } from '../adapters/prometheus/prometheus-reader.ts';
import { hasCode } from '../errors/holdfast-error.ts';
import type { TsdbListing } from '../model/block.ts';
import type { Finding } from '../model/finding.ts';
import type { StepProgress } from '../model/handler.ts';
import type { Inventory } from '../model/inventory.ts';
import { splitRange, type Window } from '../rules/choose-windows.ts';
import type { AfterState } from '../rules/compare-inventories.ts';
import { findGap } from '../rules/find-gap.ts';
import { listTsdb } from '../tsdb/list-blocks.ts';
import type { TsdbInventory } from '../model/tsdb-inventory.ts';
import { settlingOf, type CountTsdb } from './count-tsdb.ts';
import { askComponents, type ComponentWitnesses } from './ask-components.ts';
import { askWindows, type AskOptions } from './ask-windows.ts';

export interface AfterStateOptions {
  readonly before: Inventory;
  /** Its count of the bytes. */
  readonly tsdb: TsdbInventory | null;
  readonly world: {
    readonly dataDirectory: string;
    readonly prometheus: PrometheusReader;
    readonly countTsdb: CountTsdb | null;
    readonly scrapeIntervalMs: number;
    readonly components: ComponentWitnesses;
  };
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly progress: (progress: StepProgress) => void;
}

/** Asks again what the inventory had asked, at the same evaluation times, and what came since. */
export async function readAfterState(options: AfterStateOptions): Promise<AfterState> {
  const { before, world, signal } = options;
  const ask: AskOptions = {
    prometheus: world.prometheus,
    version: await world.prometheus.version(signal),
    signal,
    onAnswer: (done, total) => {
      options.progress({ done, total, unit: 'items', text: 'questions to Prometheus' });
    },
  };
  const answers = await askWindows(
    before.windows.map((window) => ({ window, metrics: window.metrics.map((metric) => metric.metric) })),
    ask,
  );
  const listing = await listTsdb(world.dataDirectory);
  const asked = await askComponents(world.components, 'with-expired', signal);
  const atMs = Math.round(options.now());
  const tsdb = await countBytes(options);
  const gap = await readGap(before, atMs, options);
  return {
    atMs,
    listing,
    windows: answers.windows,
    uncounted: answers.unanswered,
    components: asked.components,
    gap: gap.gap,
    addedSamples: await countAdded({ listing, fromMs: (before.completeToMs ?? 0) + 1, atMs }, ask),
    findings: [...asked.findings, ...gap.findings],
    tsdb,
  };
}

/** Always read anew: what is compared with a baseline comes from no cache. */
async function countBytes({ tsdb: before, world, signal, progress }: AfterStateOptions): Promise<AfterState['tsdb']> {
  if (before === null || world.countTsdb === null) return null;
  const settlingMs = settlingOf(world.scrapeIntervalMs);
  const look = { settlingMs, cutMs: before.completeToMs, signal, progress };
  return { before, after: await world.countTsdb(world.dataDirectory, look) };
}

/** From the raw samples of `up`, which every scrape of every target writes. */
async function readGap(
  before: Inventory,
  atMs: number,
  options: AfterStateOptions,
): Promise<{ readonly gap: AfterState['gap']; readonly findings: readonly Finding[] }> {
  if (before.completeToMs === null) return { gap: null, findings: [] };
  const widthMs = atMs - before.completeToMs + 300_000;
  const answer = await listUp(`up[${widthMs}ms]`, atMs, options);
  if ('failed' in answer) return { gap: null, findings: [unknownGap(answer.failed)] };
  const timesMs = answer.flatMap((series) => series.timesMs);
  return { gap: findGap(timesMs, { completeToMs: before.completeToMs, nowMs: atMs }), findings: [] };
}

/** An answer that is too long to be read is no reason to fail the proof. */
async function listUp(
  selector: string,
  atMs: number,
  { world, signal }: AfterStateOptions,
): Promise<readonly QuerySeries[] | QueryFailure> {
  try {
    return await world.prometheus.listSampleTimes(selector, atMs, signal);
  } catch (error) {
    if (hasCode(error, 'component-api')) return { failed: error.message };
    throw error;
  }
}

interface AddedRange {
  readonly listing: TsdbListing;
  readonly fromMs: number;
  readonly atMs: number;
}

/** Blocks that lie wholly after the baseline by meta.json, the rest of the range by asking. */
async function countAdded({ listing, fromMs, atMs }: AddedRange, ask: AskOptions): Promise<number> {
  const whole = listing.blocks.filter((block) => block.minTime >= fromMs);
  const older = listing.blocks.filter((block) => block.minTime < fromMs && block.maxTime > fromMs);
  const windows: Window[] = [];
  if (older.length > 0) windows.push(...splitRange(fromMs, Math.max(...older.map((block) => block.maxTime))));
  windows.push(...splitRange(Math.max(fromMs, listing.newestBlockMs ?? fromMs), atMs));
  const questions = [];
  for (const window of windows) {
    const metrics = await ask.prometheus.listMetricNames({ fromMs: window.fromMs, toMs: window.toMs - 1 }, ask.signal);
    questions.push({ window, metrics });
  }
  const answers = await askWindows(questions, ask);
  const asked = answers.windows.flatMap((window) => window.metrics).reduce((sum, metric) => sum + metric.samples, 0);
  return asked + whole.reduce((sum, block) => sum + block.samples, 0);
}

function unknownGap(reason: string): Finding {
  return {
    rule: 'gap-unknown',
    severity: 'info',
    object: 'prometheus',
    message: `How long no samples came in could not be asked: ${reason}`,
    remedy: 'Nothing needs to be done.',
  };
}
