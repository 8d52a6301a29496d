import { HoldfastError } from '../errors/holdfast-error.ts';
import type { Finding } from '../model/finding.ts';
import type { Handler, StepContext } from '../model/handler.ts';
import type { Inventory } from '../model/inventory.ts';
import type { StepBase } from '../model/plan.ts';
import { doWitnessesDisagree, isGoodProof, type LostWindow, type Proof } from '../model/proof.ts';
import type { EffectiveRetention } from '../model/retention.ts';
import { compareInventories } from '../rules/compare-inventories.ts';
import { stricterRetention } from '../rules/retention.ts';
import type { PrometheusReader } from '../adapters/prometheus/prometheus-reader.ts';
import type { ComponentWitnesses } from './ask-components.ts';
import { awaitReady, awaitTrue } from './await-ready.ts';
import type { CountTsdb } from './count-tsdb.ts';
import { readInventory } from '../data-root/inventory-file.ts';
import { readTsdbInventory } from '../data-root/tsdb-inventory-file.ts';
import { findProof, writeProof } from '../data-root/proof-file.ts';
import { readAfterState } from './read-after-state.ts';

/** Compares this run's inventory with what there is now. Done means: this run's proof is there, whole and good. */
export interface ProveStep extends StepBase {
  readonly kind: 'prove';
  readonly run: string;
  /** Absolute path, as the data root's proofs/<run>.json. */
  readonly file: string;
  /** Absolute path of the inventory that is owed. */
  readonly inventoryFile: string;
  /** What the user let Prometheus delete by (--unsafe-let-retention-delete): what it condemns has expired as well. */
  readonly letsDelete?: EffectiveRetention;
}

/** What is compared with the inventory. */
export interface ProofWorld {
  readonly scrapeIntervalMs: number;
  readonly dataDirectory: string;
  /** Null as long as it does not run. */
  readonly prometheus: PrometheusReader | null;
  /** Null where bytes cannot be read: then Prometheus is the only witness. */
  readonly countTsdb: CountTsdb | null;
  readonly components: ComponentWitnesses;
}

export interface ProveDependencies {
  /** Called again until Prometheus is there. */
  readonly readWorld: (step: ProveStep, signal: AbortSignal) => Promise<ProofWorld>;
  readonly now: () => number;
  /** After a good proof is written: drops what was set aside. May be called again after a crash. */
  readonly settle: (proof: Proof, context: StepContext) => Promise<void>;
  /** False where a crash came between a good proof and the end of `settle`. Without it, a good proof is enough. */
  readonly isSettled?: (proof: Proof) => Promise<boolean>;
  /** For Prometheus to run and be ready, its WAL replay included. 15 min. */
  readonly readyTimeoutMs?: number;
}

/** The handler throws `samples-lost` or `witnesses-disagree` after writing a proof that is not good, and `not-ready` where none could be made. */
export function createProveHandler(dependencies: ProveDependencies): Handler<ProveStep> {
  return {
    isDone: async (step) => {
      const proof = await findProof(step.file);
      if (proof?.run !== step.run || !isGoodProof(proof)) return false;
      return (await dependencies.isSettled?.(proof)) ?? true;
    },
    apply: async (step, context) => {
      const proof = await prove(step, context, dependencies);
      await writeProof(step.file, proof);
      if (!isGoodProof(proof))
        throw doWitnessesDisagree(proof) ? disagreement(proof, step.file) : samplesLost(proof, step.file);
      await dependencies.settle(proof, context);
    },
  };
}

async function prove(step: ProveStep, context: StepContext, dependencies: ProveDependencies): Promise<Proof> {
  const before = withLeave(await readInventory(step.inventoryFile), step.letsDelete);
  const tsdb = before.tsdb === null ? null : await readTsdbInventory(step.inventoryFile, before.tsdb);
  const world = await awaitWorld(step, context, dependencies);
  await awaitComponents(world.components, context.signal);
  await awaitFirstScrape(world, dependencies.now, context.signal);
  const after = await readAfterState({
    before,
    tsdb,
    world,
    now: dependencies.now,
    signal: context.signal,
    progress: (progress) => {
      context.progress(progress);
    },
  });
  return compareInventories({ before, after });
}

/** The inventory, condemned as well by what the user let go. The proof says so. */
function withLeave(inventory: Inventory, letsDelete: EffectiveRetention | undefined): Inventory {
  if (letsDelete === undefined) return inventory;
  const finding: Finding = {
    rule: 'retention-let-delete',
    severity: 'warning',
    object: 'prometheus',
    message: 'What a lowered retention deleted counts as expired: --unsafe-let-retention-delete was given.',
    remedy: 'Nothing to do; without that flag such blocks are a refusal.',
  };
  return {
    ...inventory,
    retention: stricterRetention(inventory.retention, letsDelete),
    findings: [...inventory.findings, finding],
  };
}

type ReadyWorld = ProofWorld & { readonly prometheus: PrometheusReader };

async function awaitWorld(step: ProveStep, context: StepContext, dependencies: ProveDependencies): Promise<ReadyWorld> {
  let found: ReadyWorld | undefined;
  const look = async (): Promise<boolean> => {
    const world = await dependencies.readWorld(step, context.signal);
    if (world.prometheus === null || !(await world.prometheus.isReady(context.signal))) return false;
    found = { ...world, prometheus: world.prometheus };
    return true;
  };
  await awaitTrue(look, dependencies.readyTimeoutMs ?? 900_000, context.signal);
  if (found === undefined) throw notReady(step);
  return found;
}

/** A component that still starts is waited for; one that stays away is named as unchecked by the proof. */
async function awaitComponents(components: ComponentWitnesses, signal: AbortSignal): Promise<void> {
  const witnesses = [components.alertmanager, components.pushgateway, components.grafana];
  await Promise.all(
    witnesses.map(async (witness) => {
      if (witness !== null && 'isReady' in witness) await awaitReady(witness, 60_000, signal);
    }),
  );
}

/**
 * The gap ends with the first scrape after the start; without one in time, the proof leaves the gap open. The head alone
 * does not tell: Prometheus scrapes nothing in its first five seconds, while a pending alert is written as a sample.
 */
async function awaitFirstScrape(world: ReadyWorld, now: () => number, signal: AbortSignal): Promise<void> {
  const startedAtMs = await world.prometheus.startedAtMs(signal);
  const hasScraped = async (): Promise<boolean> => {
    const atMs = Math.round(now());
    const selector = `up[${Math.max(1, atMs - startedAtMs)}ms]`;
    const answer = await world.prometheus.listSampleTimes(selector, atMs, signal);
    return !('failed' in answer) && answer.some(({ timesMs }) => timesMs.some((timeMs) => timeMs >= startedAtMs));
  };
  await awaitTrue(hasScraped, 2 * world.scrapeIntervalMs + 5000, signal);
}

function samplesLost(proof: Proof, file: string): HoldfastError {
  const windows = describeWindows(
    proof.lost.windows.length > 0 ? proof.lost.windows : (proof.tsdb?.lost.windows ?? []),
  );
  const components = proof.components
    .filter((part) => part.lost > 0)
    .map((part) => `${part.name} lost ${part.lost} (${part.missing.slice(0, 5).join(', ')})`);
  return new HoldfastError('samples-lost', {
    message: `The proof of run ${proof.run} failed: ${[...windows, ...components].join('; ')}. The stack runs, what was set aside is kept, and the proof is in ${file}.`,
    remedy: `Put back what is missing, then run the same command again (a running Prometheus finds a block within a minute): it proves run ${proof.run} once more. ${givingUp}`,
    details: { run: proof.run, lost: proof.lost, components: proof.components },
  });
}

/** What one of them sees and the other one does not is a riddle, and no reason to let anything go. */
function disagreement(proof: Proof, file: string): HoldfastError {
  const bytesMiss = proof.lost.windows.length === 0;
  const windows = describeWindows(bytesMiss ? (proof.tsdb?.lost.windows ?? []) : proof.lost.windows);
  const [who, other] = bytesMiss
    ? ['the bytes on the volume', 'Prometheus answers as before']
    : ['Prometheus', 'the bytes on the volume are those of before'];
  return new HoldfastError('witnesses-disagree', {
    message: `The proof of run ${proof.run} failed: ${who} lack something, though ${other}: ${windows.join('; ')}. The stack runs, what was set aside is kept, and the proof is in ${file}.`,
    remedy: `Compare the windows with a backup, put back what is wrong, then run the same command again: it proves run ${proof.run} once more. ${givingUp}`,
    details: { run: proof.run, lost: proof.lost, tsdb: { lost: proof.tsdb?.lost }, components: proof.components },
  });
}

const givingUp = 'Only what nothing can bring back is given up, with `holdfast rebuild --unsafe-accept-loss`.';

function describeWindows(lost: readonly LostWindow[]): readonly string[] {
  const windows = lost.slice(0, 5).map(({ fromMs, toMs, samples, reason }) => {
    return `${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()} (${samples} samples; ${reason})`;
  });
  return lost.length > 5 ? [...windows, `${lost.length - 5} more windows`] : windows;
}

function notReady(step: ProveStep): HoldfastError {
  return new HoldfastError('not-ready', {
    message: `Prometheus did not become ready, so run ${step.run} is not proved yet; its inventory stands.`,
    remedy: 'Look at holdfast status and holdfast logs prometheus, then run the same command again.',
  });
}
