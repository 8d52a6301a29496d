import { basename, join, resolve } from 'node:path';
import type { FoundProgram } from '../../adapters/packages/program-store.ts';
import { followSymlinks } from '../../config/data-root.ts';
import { findStitchProof } from '../../data-root/stitch-files.ts';
import { findUnfinishedPlan } from '../../engine/find-unfinished-plan.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { RunEvent } from '../../model/handler.ts';
import type { Plan } from '../../model/plan.ts';
import type { StitchProof, StitchStep } from '../../model/stitch-step.ts';
import { findFinishedStitch } from '../../observations/stitch/find-finished.ts';
import {
  observeStitchPlace,
  refuseNested,
  refuseTaken,
  type ObservedPlace,
} from '../../observations/stitch/observe-place.ts';
import { observeFreeBytes, observeStitchSources, refuseChanged } from '../../observations/stitch/observe-sources.ts';
import { findDataDirectory } from '../../observations/tsdb-inventory.ts';
import { refuseWriter } from '../../observations/tsdb-survey.ts';
import { continueStitch, withoutOpening, type ContinuedStitch } from '../../operations/stitch/continue-stitch.ts';
import { notOpenedFinding } from '../../operations/stitch/not-opened-finding.ts';
import { refuseStitch } from '../../operations/stitch/refuse-stitch.ts';
import type { ResultRetention } from '../../operations/stitch/result-retention.ts';
import { planStitch, type StitchOrder } from '../../operations/stitch/stitch.ts';
import { findAdoptWords } from '../adopt-words.ts';
import type { CommandContext, CommandInput, CommandResult, RunKeeper, StitchWorld } from '../command.ts';
import { confirm } from '../confirm.ts';
import type { Flags } from '../flags.ts';
import { planResult } from '../plan-result.ts';
import { findSurroundings } from '../stitch-surroundings.ts';

interface Target {
  readonly name: string;
  /** Data directories. */
  readonly sources: readonly string[];
  readonly winner: number | null;
  readonly place: ObservedPlace;
}

/** `holdfast rescue stitch A B C --into D`: one history out of several, which stay as they are. */
export async function runRescueStitch(input: CommandInput, context: CommandContext): Promise<CommandResult> {
  const target = await findTarget(input, context);
  const runs = await context.world.openRuns(target.place.work);
  await refuseWriters(target, context);
  const adoptWords = async () => (await findAdoptWords(input.flags, context))('prometheus');
  const unfinished = await findUnfinishedPlan(target.place.work, 'stitch');
  const finished = unfinished === undefined ? await findFinishedStitch(target) : undefined;
  if (finished !== undefined)
    return resultOf(target, { run: finished.run, proof: finished, error: undefined }, adoptWords);
  const { choice, retention } = await findSurroundings(target.place.into, input.flags, context);
  const { handlers, prometheus } = await context.world.openStitch(choice);
  const plan = await planFor(target, input.flags, { runs, context, unfinished, retention, opening: prometheus });
  if (input.flags.plan === true) return planResult(plan);
  context.reporter.plan(plan);
  const { name, place } = target;
  const doing = `stitch ${target.sources.length} directories into ${place.into}`;
  await confirm(context.terminal, { name, thing: 'directory', given: input.flags.confirm, doing }, context.signal);
  const breakForeign = input.flags.unsafeBreakLock === true;
  const lock = await runs.lock({ verb: 'stitch', run: plan.run, breakForeign });
  try {
    // Somebody may have come in between while the question stood there.
    await refuseWriters(target, context);
    await refuseTaken(await observeStitchPlace(place.into), plan);
    const error = await carryOut(plan, { runs, handlers, context });
    const proof = await findStitchProof(join(place.work, plan.run, 'proof.json'));
    return resultOf(target, { run: plan.run, proof, error }, adoptWords);
  } finally {
    await lock.release();
  }
}

async function findTarget({ arguments: named, flags }: CommandInput, context: CommandContext): Promise<Target> {
  const find = async (path: string): Promise<string> => followSymlinks(resolve(context.workingDirectory, path));
  const sources: string[] = [];
  for (const path of named) sources.push(await findDataDirectory(await find(path)));
  const place = await observeStitchPlace(await find(flags.into ?? ''));
  refuseNested(place, sources);
  const wins = flags.wins === undefined ? undefined : await findDataDirectory(await find(flags.wins));
  const winner = wins === undefined ? null : sources.indexOf(wins);
  if (winner === -1) {
    throw new HoldfastError('bad-arguments', {
      message: `${flags.wins ?? ''} is none of the directories that are to be stitched.`,
      remedy: 'Name one of them with --wins.',
    });
  }
  return { name: basename(place.into), sources, winner, place };
}

async function refuseWriters({ sources }: Target, context: CommandContext): Promise<void> {
  const readers = await context.world.openTsdb();
  for (const source of sources) {
    await refuseWriter(source, readers, 'Stop that process, or stitch a copy, then run the same command again.');
  }
}

interface Planning {
  readonly runs: RunKeeper;
  readonly context: CommandContext;
  readonly unfinished: Plan | undefined;
  readonly retention: ResultRetention;
  readonly opening: FoundProgram;
}

/** One that was broken off is finished as it was planned. */
async function planFor(
  target: Target,
  flags: Flags,
  { runs, context, unfinished, retention, opening }: Planning,
): Promise<Plan<StitchStep>> {
  const { place, name, winner } = target;
  const continued = unfinished === undefined ? undefined : continueStitch(unfinished, { ...place, name });
  if (continued !== undefined) {
    refuseOther(continued, target);
    await refuseTaken(place, continued.plan);
    for (const source of continued.manifest.sources) await refuseChanged(source);
    return flags.unsafeSkipOpening === true ? withoutOpening(continued.plan) : continued.plan;
  }
  await refuseTaken(place, null);
  const readers = await context.world.openTsdb();
  const progress = context.reporter.progress.bind(context.reporter);
  const look = { readers, winner, progress, signal: context.signal };
  const facts = await observeStitchSources(target.sources, look);
  const order: StitchOrder = {
    run: runs.newRun('stitch'),
    into: place.into,
    name,
    work: place.work,
    winner,
    linked: flags.hardLinks === true,
    retention,
    opening,
    nowMs: context.now(),
  };
  refuseStitch(facts, order, {
    freeBytes: await observeFreeBytes(place.into),
    letRetentionDelete: flags.unsafeLetRetentionDelete === true,
  });
  return planStitch(facts, order);
}

/** The unfinished work of other sources is not ours to finish under this command. */
function refuseOther({ plan, manifest }: ContinuedStitch, { sources, winner, place }: Target): void {
  const before = manifest.sources.map(({ directory }) => directory);
  const isSame = before.length === sources.length && before.every((directory, at) => directory === sources[at]);
  if (isSame && manifest.winner === winner) return;
  const wins = manifest.winner === null ? '' : ` --wins ${before[manifest.winner] ?? ''}`;
  throw new HoldfastError('not-stitchable', {
    message: `${place.into} is the unfinished work of run ${plan.run}, which stitched something else. Nothing was changed.`,
    remedy: `Finish it with \`holdfast rescue stitch ${before.join(' ')} --into ${place.into}${wins}\`, or remove ${place.into} and ${place.work}.`,
    details: { run: plan.run, sources: before },
  });
}

interface Carrying {
  readonly runs: RunKeeper;
  readonly handlers: StitchWorld['handlers'];
  readonly context: CommandContext;
}

async function carryOut(plan: Plan<StitchStep>, { runs, handlers, context }: Carrying): Promise<unknown> {
  const onEvent = (event: RunEvent<StitchStep>): void => context.reporter.event(event);
  return runs.carryOut(plan, { handlers, onEvent, signal: context.signal }).then(
    () => undefined,
    (reason: unknown) => reason ?? new Error('The stitch ended without a reason.'),
  );
}

interface Outcome {
  readonly run: string;
  readonly proof: StitchProof | undefined;
  readonly error: unknown;
}

function resultOf(
  { place, sources }: Target,
  { run, proof, error }: Outcome,
  adoptWords: () => Promise<string>,
): CommandResult {
  const isUnopened = proof?.opened === null;
  const findings = isUnopened ? [notOpenedFinding(place.into, 'none was asked')] : [];
  return {
    value: { run, into: place.into, sources, proof: proof ?? null, findings },
    error,
    text: async (style) => {
      if (proof === undefined) return [];
      const { renderStitchProof } = await import('../../report/render-stitch-proof.ts');
      const layout = { folder: join(place.work, run), adoptWords: await adoptWords() };
      return renderStitchProof(proof, layout, style);
    },
  };
}
