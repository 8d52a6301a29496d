import { basename, join, resolve } from 'node:path';
import { followSymlinks } from '../../config/data-root.ts';
import { findRepairProof } from '../../data-root/quarantine-files.ts';
import { getStackFile } from '../../data-root/stack-file.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { RunEvent } from '../../model/handler.ts';
import type { Plan } from '../../model/plan.ts';
import { printable } from '../../model/printable.ts';
import type { RepairProof, RepairStep } from '../../model/repair-step.ts';
import type { TsdbSurvey } from '../../model/tsdb-repair.ts';
import {
  findBlocked,
  locateTsdb,
  locateTsdbOfStack,
  observeTsdbSurvey,
  refuseChanged,
  refuseChunkSnapshot,
  refuseLinkedQuarantine,
  refuseWriter,
  sayWhatIsWhere,
  type TsdbPlace,
} from '../../observations/tsdb-survey.ts';
import { refuseVolumeHolder, type VolumeHolderOptions } from '../../observations/refuse-volume-holder.ts';
import { planRepair } from '../../operations/repair.ts';
import type { CommandContext, CommandInput, CommandResult, RunKeeper } from '../command.ts';
import { confirm } from '../confirm.ts';
import { findBegunRepair } from '../find-begun-repair.ts';
import { openDataRoot } from '../open-data-root.ts';
import { planResult } from '../plan-result.ts';

/** What is to be repaired: the Prometheus volume of a stack, or any directory. */
interface Target extends TsdbPlace {
  readonly name: string;
  readonly thing: 'stack' | 'directory';
  /** The data root whose lock is taken too; null for a directory that is named. */
  readonly dataRoot: string | null;
}

/** `holdfast repair [DIR]`: what a Prometheus would refuse goes into a quarantine, and what is whole of it stays. */
export async function runRepair(input: CommandInput, context: CommandContext): Promise<CommandResult> {
  const target = await findTarget(input, context);
  const readers = await context.world.openTsdb();
  const breakForeign = input.flags.unsafeBreakLock === true;
  const refuseUser = async (): Promise<void> => {
    const remedy = remedyFor(target);
    await refuseWriter(target.directory, readers, remedy);
    const isAlive: VolumeHolderOptions['isAlive'] = (identity) => context.world.isAlive(identity);
    await refuseVolumeHolder(target.directory, { isAlive, breakForeign, remedy });
  };
  await refuseUser();
  await refuseChunkSnapshot(target.directory);
  await refuseLinkedQuarantine(target, undefined);
  const runs = await context.world.openRuns(target.quarantine);
  const { plan, survey } = await planFor(target, runs, context);
  await refuseLinkedQuarantine(target, plan);
  const blocked = plan.continues ? undefined : findBlocked(survey);
  if (input.flags.plan === true) return planResult(plan, blocked);
  context.reporter.plan(plan);
  if (blocked !== undefined) throw blocked;
  if (plan.steps.length === 0) return nothingToDo(target);
  const { name, thing } = target;
  const words = { name, thing, given: input.flags.confirm, doing: `repair the ${thing} ${name}` };
  await confirm(context.terminal, words, context.signal);
  const locks = await takeLocks(target, runs, { plan, breakForeign }, context);
  try {
    // It may have been started while the question stood there.
    await refuseUser();
    const error = await carryOut(plan, { runs, target }, context);
    const proof = await findRepairProof(join(target.quarantine, plan.run, 'proof.json'));
    return resultOf(target, { plan, proof, error: error ?? lossIn(proof) });
  } finally {
    for (const lock of locks.reverse()) await lock.release();
  }
}

async function findTarget({ arguments: [named], flags }: CommandInput, context: CommandContext): Promise<Target> {
  if (named !== undefined && named !== 'prometheus') {
    const place = await locateTsdb(await followSymlinks(resolve(context.workingDirectory, named)));
    return { ...place, name: basename(place.directory), thing: 'directory', dataRoot: null };
  }
  const { dataRoot } = await openDataRoot(flags, context);
  const stack = await getStackFile(dataRoot);
  const place = await locateTsdbOfStack(dataRoot, stack);
  return { ...place, name: stack.config.stack, thing: 'stack', dataRoot };
}

function remedyFor({ dataRoot }: Target): string {
  return dataRoot === null
    ? 'Stop that process, then run the same command again.'
    : 'Run `holdfast down`, then the same command again.';
}

interface Planned {
  readonly plan: Plan<RepairStep>;
  readonly survey: TsdbSurvey;
}

/** One that was broken off is finished first: it knows what there was before. Without its folder it has moved nothing. */
async function planFor(target: Target, runs: RunKeeper, context: CommandContext): Promise<Planned> {
  const continued = await findBegunRepair(target);
  const progress = context.reporter.progress.bind(context.reporter);
  const survey = await observeTsdbSurvey(target.directory, await context.world.openTsdb(), {
    progress,
    signal: context.signal,
  });
  const plan = planRepair(survey, { ...target, run: runs.newRun('repair'), nowMs: context.now() });
  if (continued === undefined) return { plan, survey };
  await refuseChanged(continued, plan, target);
  return { plan: continued, survey };
}

async function takeLocks(
  { dataRoot }: Target,
  runs: RunKeeper,
  { plan, breakForeign }: { readonly plan: Plan; readonly breakForeign: boolean },
  context: CommandContext,
) {
  const order = { verb: 'repair', run: plan.run, breakForeign } as const;
  const keepers = dataRoot === null ? [runs] : [await context.world.openRuns(dataRoot), runs];
  const locks = [];
  try {
    for (const keeper of keepers) locks.push(await keeper.lock(order));
    return locks;
  } catch (error) {
    for (const lock of locks) await lock.release();
    throw error;
  }
}

async function carryOut(
  plan: Plan<RepairStep>,
  { runs, target }: { readonly runs: RunKeeper; readonly target: Target },
  context: CommandContext,
): Promise<unknown> {
  const handlers = await context.world.openRepair();
  const onEvent = (event: RunEvent<RepairStep>): void => context.reporter.event(event);
  return runs.carryOut(plan, { handlers, onEvent, signal: context.signal }).then(
    () => undefined,
    async (reason: unknown) => withPlaces(reason ?? new Error('The repair ended without a reason.'), plan, target),
  );
}

/** Steps know no more than their own file: what was moved before is said here. */
async function withPlaces(reason: unknown, plan: Plan<RepairStep>, target: Target): Promise<unknown> {
  if (!(reason instanceof HoldfastError) || reason.kind !== 'failure') return reason;
  const { path = target.directory } = reason.details;
  const what = reason.code === 'disk-full' ? `There is no space left to write ${String(path)}.` : reason.message;
  return new HoldfastError(reason.code, {
    message: `${what} ${await sayWhatIsWhere(plan, target)}`,
    remedy: reason.remedy,
    details: { ...reason.details, run: plan.run },
    cause: reason,
  });
}

function nothingToDo({ directory, name }: Target): CommandResult {
  return {
    value: { run: null, directory, quarantine: null, proof: null },
    text: () => [
      `Nothing in ${printable(directory)} keeps a Prometheus from starting: ${printable(name)} was left as it is.`,
    ],
  };
}

function lossIn(proof: RepairProof | undefined): HoldfastError | undefined {
  if (proof === undefined) return undefined;
  const { lost, undecided, run } = proof;
  if (lost.samples + lost.staleMarkers > 0) {
    return new HoldfastError('samples-lost', {
      message: `${lost.samples} samples and ${lost.staleMarkers} stale markers that could be read before the repair cannot be read now. Every original is in the quarantine.`,
      remedy: `Move the originals back from the quarantine of run ${run}, and say what happened.`,
      details: { lost },
    });
  }
  if (undecided.windows.length === 0) return undefined;
  return new HoldfastError('not-decided', {
    message: `Of ${undecided.samples} samples nobody can tell whether they are still there: somebody else has changed the directory since run ${run} began.`,
    remedy: `Compare by hand: holdfast proof with a copy of what was there before. Every original is in the quarantine.`,
    details: { undecided },
  });
}

interface Outcome {
  readonly plan: Plan<RepairStep>;
  readonly proof: RepairProof | undefined;
  readonly error: unknown;
}

function resultOf({ directory, quarantine }: Target, { plan, proof, error }: Outcome): CommandResult {
  const folder = join(quarantine, plan.run);
  return {
    value: { run: plan.run, directory, quarantine: folder, proof: proof ?? null },
    error,
    text: async (style) => {
      if (proof === undefined) return [];
      const { renderRepairProof } = await import('../../report/render-repair-proof.ts');
      return renderRepairProof(proof, folder, style);
    },
  };
}
