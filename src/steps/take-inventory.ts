import { HoldfastError } from '../errors/holdfast-error.ts';
import type { TsdbListing } from '../model/block.ts';
import type { Finding } from '../model/finding.ts';
import type { Handler, StepContext, StepProgress } from '../model/handler.ts';
import type { Inventory } from '../model/inventory.ts';
import type { StepBase } from '../model/plan.ts';
import type { EffectiveRetention } from '../model/retention.ts';
import type { PrometheusReader } from '../adapters/prometheus/prometheus-reader.ts';
import { chooseHeadWindows, chooseOlderWindows } from '../rules/choose-windows.ts';
import { headBytesOf } from '../rules/retention.ts';
import { listTsdb } from '../tsdb/list-blocks.ts';
import { askComponents, type ComponentWitnesses } from './ask-components.ts';
import { askWindows, type AskOptions, type UnansweredMetric, type WindowAnswers } from './ask-windows.ts';
import { awaitReady } from './await-ready.ts';
import { findInventory, writeInventory } from '../data-root/inventory-file.ts';

/** Says what there is, before anything of it is stopped. Done means: this run's file exists and is whole. */
export interface TakeInventoryStep extends StepBase {
  readonly kind: 'take-inventory';
  readonly run: string;
  /** Absolute path, as the data root's inventories/<run>.json. */
  readonly file: string;
}

/** What an inventory is taken of. */
export interface InventoryWorld {
  readonly stack: string;
  readonly stackId: string;
  readonly scrapeIntervalMs: number;
  /** The retention in force: effectiveRetention at the newest sample. */
  readonly retention: EffectiveRetention;
  /** Absolute path of Prometheus' data directory, or null where the stack has no such volume yet. */
  readonly dataDirectory: string | null;
  /** Null where Prometheus does not run: then meta.json is the only witness. */
  readonly prometheus: PrometheusReader | null;
  /** The newest sample known from elsewhere, as the daemon's last observation; used where Prometheus does not run. */
  readonly newestMs: number | null;
  readonly components: ComponentWitnesses;
}

export interface TakeInventoryOptions {
  readonly run: string;
  readonly world: InventoryWorld;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly progress?: (progress: StepProgress) => void;
  /** How long a running Prometheus may take until it is ready; then meta.json alone is the witness. 2 min. */
  readonly readyTimeoutMs?: number;
}

export interface TakeInventoryDependencies {
  readonly readWorld: (step: TakeInventoryStep, signal: AbortSignal) => Promise<InventoryWorld>;
  readonly now: () => number;
  /**
   * True where the file is to be taken again although it is whole: nothing has been stopped since, and it has become
   * older than a stop may find it. Without it, a whole file is always enough.
   */
  readonly isStale?: (inventory: Inventory, step: TakeInventoryStep, signal: AbortSignal) => Promise<boolean>;
}

export function createTakeInventoryHandler(dependencies: TakeInventoryDependencies): Handler<TakeInventoryStep> {
  return {
    isDone: async (step, context) => {
      const inventory = await findInventory(step.file);
      if (inventory === undefined) return false;
      if (inventory.run !== step.run) throw otherRun(step, inventory.run);
      return !((await dependencies.isStale?.(inventory, step, context.signal)) ?? false);
    },
    apply: async (step, context) => {
      const inventory = await takeInventory(await optionsFor(step, context, dependencies));
      await writeInventory(step.file, inventory);
      for (const finding of inventory.findings) context.say(finding.message);
    },
  };
}

async function optionsFor(
  step: TakeInventoryStep,
  context: StepContext,
  dependencies: TakeInventoryDependencies,
): Promise<TakeInventoryOptions> {
  const world = await dependencies.readWorld(step, context.signal);
  const progress = (seen: StepProgress): void => {
    context.progress(seen);
  };
  return { run: step.run, world, now: dependencies.now, signal: context.signal, progress };
}

/**
 * Takes an inventory: the block listing first, then older windows, the other components, and last of all the head, so
 * that as little time as possible lies between its end and the stop. Throws `component-api` where a running Prometheus
 * ceases to answer, and `io` where its directory cannot be read.
 */
export async function takeInventory(options: TakeInventoryOptions): Promise<Inventory> {
  const { world, signal } = options;
  const listing = world.dataDirectory === null ? nothing : await listTsdb(world.dataDirectory);
  const isAsked =
    world.prometheus !== null && (await awaitReady(world.prometheus, options.readyTimeoutMs ?? 120_000, signal));
  const older = isAsked ? await askOlder(listing, world.prometheus, options) : noAnswers;
  const asked = await askComponents(world.components, 'without-expired', signal);
  const tsdb = isAsked ? await askHead(listing, older, options) : metaOnly(listing, world);
  return {
    format: 1,
    run: options.run,
    stack: world.stack,
    stackId: world.stackId,
    takenAtMs: Math.round(options.now()),
    scrapeIntervalMs: world.scrapeIntervalMs,
    retention: world.retention,
    blocks: listing.blocks,
    headBytes: headBytesOf(listing),
    components: asked.components,
    ...tsdb,
    findings: [...tsdb.findings, ...listing.broken.map(brokenBlock), ...asked.findings],
  };
}

const nothing: TsdbListing = {
  blocks: [],
  broken: [],
  walBytes: 0,
  headChunksBytes: 0,
  newestBlockMs: null,
  oldestBlockMs: null,
  hasWal: false,
};
const noAnswers: WindowAnswers = { windows: [], unanswered: [] };

type TsdbPart = Pick<Inventory, 'completeToMs' | 'newestMs' | 'witness' | 'prometheusVersion' | 'windows' | 'findings'>;

async function askOlder(
  listing: TsdbListing,
  prometheus: PrometheusReader,
  options: TakeInventoryOptions,
): Promise<WindowAnswers> {
  const questions = [];
  for (const window of chooseOlderWindows(listing)) {
    const range = { fromMs: window.fromMs, toMs: window.toMs - 1 };
    questions.push({ window, metrics: await prometheus.listMetricNames(range, options.signal) });
  }
  return askWindows(questions, await askOptions(prometheus, options));
}

async function askHead(listing: TsdbListing, older: WindowAnswers, options: TakeInventoryOptions): Promise<TsdbPart> {
  const { world, signal } = options;
  const { prometheus } = world;
  if (prometheus === null) return metaOnly(listing, world);
  const head = await prometheus.head(signal);
  const ask = await askOptions(prometheus, options);
  const namesFromMs = Math.max(listing.newestBlockMs ?? 0, head.minMs ?? 0);
  const metrics = await prometheus.listMetricNames({ fromMs: namesFromMs, toMs: Math.round(options.now()) }, signal);
  // A sample bears the time at which its scrape began, and a scrape may take up to its interval until it is committed.
  const completeToMs = Math.floor(options.now() - Math.max(world.scrapeIntervalMs, 1000));
  const windows = chooseHeadWindows({ newestBlockMs: listing.newestBlockMs, headMinMs: head.minMs, completeToMs });
  const answers = await askWindows(
    windows.map((window) => ({ window, metrics })),
    ask,
  );
  return {
    completeToMs: head.maxMs === null && listing.newestBlockMs === null ? null : completeToMs,
    newestMs: newestOf(head.maxMs, listing),
    witness: 'prometheus',
    prometheusVersion: ask.version,
    windows: [...older.windows, ...answers.windows],
    findings: [...older.unanswered, ...answers.unanswered].slice(0, 20).map(unansweredMetric),
  };
}

async function askOptions(prometheus: PrometheusReader, options: TakeInventoryOptions): Promise<AskOptions> {
  return {
    prometheus,
    version: await prometheus.version(options.signal),
    signal: options.signal,
    onAnswer: (done, total) => options.progress?.({ done, total, unit: 'items', text: 'questions to Prometheus' }),
  };
}

function newestOf(headMaxMs: number | null, listing: TsdbListing): number | null {
  const newestInBlocks = listing.newestBlockMs === null ? null : listing.newestBlockMs - 1;
  if (headMaxMs === null) return newestInBlocks;
  return Math.max(headMaxMs, newestInBlocks ?? headMaxMs);
}

function metaOnly(listing: TsdbListing, world: InventoryWorld): TsdbPart {
  const newestInBlocks = listing.newestBlockMs === null ? null : listing.newestBlockMs - 1;
  return {
    completeToMs: newestInBlocks,
    newestMs: newestOf(world.newestMs, listing),
    witness: 'meta',
    prometheusVersion: null,
    windows: [],
    findings: listing.hasWal ? [unprovenHead(newestInBlocks)] : [],
  };
}

function unprovenHead(newestInBlocks: number | null): Finding {
  const from = newestInBlocks === null ? 'the beginning' : new Date(newestInBlocks).toISOString();
  return {
    rule: 'unproven-head',
    severity: 'warning',
    object: 'prometheus',
    message: `Prometheus does not answer, so what its WAL holds after ${from} is not in the baseline and cannot be proved.`,
    remedy: 'For a complete proof, start the stack with holdfast up before the rebuild.',
  };
}

function unansweredMetric(metric: UnansweredMetric): Finding {
  return {
    rule: 'unanswered-metric',
    severity: 'warning',
    object: metric.metric,
    message: `Prometheus could not count ${metric.metric} from ${new Date(metric.fromMs).toISOString()} to ${new Date(metric.toMs).toISOString()}: ${metric.reason}`,
    remedy: 'Look at its log: holdfast logs prometheus',
  };
}

function brokenBlock(block: { readonly name: string; readonly reason: string }): Finding {
  return {
    rule: 'broken-block',
    severity: 'warning',
    object: `block ${block.name}`,
    message: `Block ${block.name} cannot be counted: ${block.reason}. Prometheus does not see it either.`,
    remedy: 'Put its meta.json back from a backup; the block is left as it is.',
  };
}

function otherRun(step: TakeInventoryStep, run: string): HoldfastError {
  return new HoldfastError('corrupt-file', {
    message: `${step.file} is the inventory of run ${run}, not of ${step.run}. It was left as it is.`,
    remedy: 'Put back the right file from a copy of the data root.',
  });
}
