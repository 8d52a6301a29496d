import { HoldfastError } from '../errors/holdfast-error.ts';
import type { Handler, StepContext } from '../model/handler.ts';
import type { StepBase } from '../model/plan.ts';
import { isGoodProof, type Proof } from '../model/proof.ts';
import { compareInventories } from '../rules/compare-inventories.ts';
import type { PrometheusReader } from '../adapters/prometheus/prometheus-reader.ts';
import type { ComponentWitnesses } from './ask-components.ts';
import { awaitReady, awaitTrue } from './await-ready.ts';
import { readInventory } from '../data-root/inventory-file.ts';
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
}

/** What is compared with the inventory. */
export interface ProofWorld {
  readonly scrapeIntervalMs: number;
  readonly dataDirectory: string;
  /** Null as long as it does not run. */
  readonly prometheus: PrometheusReader | null;
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

/** The handler throws `samples-lost` after writing a proof that is not good, and `not-ready` where none could be made. */
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
      if (!isGoodProof(proof)) throw samplesLost(proof, step.file);
      await dependencies.settle(proof, context);
    },
  };
}

async function prove(step: ProveStep, context: StepContext, dependencies: ProveDependencies): Promise<Proof> {
  const before = await readInventory(step.inventoryFile);
  const world = await awaitWorld(step, context, dependencies);
  await awaitComponents(world.components, context.signal);
  await awaitFirstSample(world, context.signal);
  const after = await readAfterState({
    before,
    world,
    now: dependencies.now,
    signal: context.signal,
    progress: (progress) => {
      context.progress(progress);
    },
  });
  return compareInventories({ before, after });
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

/** The gap ends with the first sample after the start; without one in time, the proof leaves the gap open. */
async function awaitFirstSample(world: ReadyWorld, signal: AbortSignal): Promise<void> {
  const startedAtMs = await world.prometheus.startedAtMs(signal);
  const hasSample = async (): Promise<boolean> => ((await world.prometheus.head(signal)).maxMs ?? 0) >= startedAtMs;
  await awaitTrue(hasSample, 2 * world.scrapeIntervalMs + 5000, signal);
}

function samplesLost(proof: Proof, file: string): HoldfastError {
  const windows = proof.lost.windows.slice(0, 5).map(({ fromMs, toMs, samples, reason }) => {
    return `${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()} (${samples} samples; ${reason})`;
  });
  const more = proof.lost.windows.length > 5 ? [`${proof.lost.windows.length - 5} more windows`] : [];
  const components = proof.components
    .filter((part) => part.lost > 0)
    .map((part) => `${part.name} lost ${part.lost} (${part.missing.slice(0, 5).join(', ')})`);
  return new HoldfastError('samples-lost', {
    message: `The proof of run ${proof.run} failed: ${[...windows, ...more, ...components].join('; ')}. The stack runs, what was set aside is kept, and the proof is in ${file}.`,
    remedy: `Put back what is missing, then run the same command again: it proves run ${proof.run} once more.`,
    details: { run: proof.run, lost: proof.lost, components: proof.components },
  });
}

function notReady(step: ProveStep): HoldfastError {
  return new HoldfastError('not-ready', {
    message: `Prometheus did not become ready, so run ${step.run} is not proved yet; its inventory stands.`,
    remedy: 'Look at holdfast status and holdfast logs prometheus, then run the same command again.',
  });
}
