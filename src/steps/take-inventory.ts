import { HoldfastError } from '../errors/holdfast-error.ts';
import type { Finding } from '../model/finding.ts';
import type { Handler, StepContext, StepProgress } from '../model/handler.ts';
import type { Inventory } from '../model/inventory.ts';
import type { StepBase } from '../model/plan.ts';
import type { TsdbInventory } from '../model/tsdb-inventory.ts';
import type { EffectiveRetention } from '../model/retention.ts';
import type { PrometheusReader } from '../adapters/prometheus/prometheus-reader.ts';
import { headBytesOf } from '../rules/retention.ts';
import { askComponents, type ComponentWitnesses } from './ask-components.ts';
import { askOlder, askSettledHead, listWorld, metaOnly, noAnswers } from './ask-head.ts';
import { awaitReady } from './await-ready.ts';
import { settlingOf, type CountTsdb } from './count-tsdb.ts';
import { findInventory, writeInventory } from '../data-root/inventory-file.ts';
import { readTsdbInventory, writeTsdbInventory } from '../data-root/tsdb-inventory-file.ts';

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
  /** Null where bytes cannot be read: then Prometheus is the only witness. */
  readonly countTsdb: CountTsdb | null;
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
  /** True where the bytes of the whole TSDB, its WAL too, are in the baseline beside these answers. */
  readonly isCounted?: boolean;
}

export interface TakeInventoryDependencies {
  readonly readWorld: (step: TakeInventoryStep, signal: AbortSignal) => Promise<InventoryWorld>;
  readonly now: () => number;
}

export function createTakeInventoryHandler(dependencies: TakeInventoryDependencies): Handler<TakeInventoryStep> {
  return {
    isDone: async (step) => {
      const inventory = await findInventory(step.file);
      if (inventory === undefined) return false;
      if (inventory.run !== step.run) throw otherRun(step, inventory.run);
      // A new count in the place of one that is gone would hide what was lost since.
      if (inventory.tsdb !== null) await readTsdbInventory(step.file, inventory.tsdb);
      return true;
    },
    apply: async (step, context) => {
      const options = await optionsFor(step, context, dependencies);
      const bytes = await countBytes(options);
      const tsdb = bytes === null ? null : await writeTsdbInventory(step.file, bytes);
      const isCounted = bytes !== null && !bytes.findings.some(isError);
      const inventory = { ...(await takeInventory({ ...options, isCounted })), tsdb };
      await writeInventory(step.file, inventory);
      for (const finding of (bytes?.findings ?? []).filter(isError).slice(0, 5)) context.say(finding.message);
      for (const finding of inventory.findings) context.say(finding.message);
    },
  };
}

function isError({ severity }: { readonly severity: string }): boolean {
  return severity === 'error';
}

/**
 * The bytes first, since that takes the longer the more there is; then the answers of Prometheus, which are complete up to
 * a moment before the stop. Nothing is stopped meanwhile.
 */
async function countBytes({ world, signal, progress }: TakeInventoryOptions): Promise<TsdbInventory | null> {
  if (world.countTsdb === null || world.dataDirectory === null) return null;
  const look = { settlingMs: settlingOf(world.scrapeIntervalMs), cutMs: null, signal, progress: progress ?? ignore };
  return world.countTsdb(world.dataDirectory, look);
}

function ignore(): void {
  // Nobody watches.
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
export async function takeInventory(options: TakeInventoryOptions): Promise<Omit<Inventory, 'tsdb'>> {
  const { world, signal } = options;
  const first = await listWorld(world);
  const isAsked =
    world.prometheus !== null && (await awaitReady(world.prometheus, options.readyTimeoutMs ?? 120_000, signal));
  const older = isAsked ? await askOlder(first, world.prometheus, options) : noAnswers;
  const asked = await askComponents(world.components, 'without-expired', signal);
  const { listing, tsdb } = isAsked
    ? await askSettledHead(first, older, options)
    : { listing: first, tsdb: metaOnly(first, options) };
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
