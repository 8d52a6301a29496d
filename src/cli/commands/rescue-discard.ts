import { basename, dirname, join, resolve } from 'node:path';
import { followSymlinks } from '../../config/data-root.ts';
import { discardMarkFile, discardsFolder } from '../../data-root/discard-files.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { DiscardMark, DiscardStep, KeptProof } from '../../model/discard-step.ts';
import type { RunEvent } from '../../model/handler.ts';
import type { Plan } from '../../model/plan.ts';
import { printable } from '../../model/printable.ts';
import { shellWord } from '../../model/shell-word.ts';
import { chooseKeepers, type KeeperChoice } from '../../observations/discard/choose-keepers.ts';
import { locateDiscard, type DiscardPlace } from '../../observations/discard/locate-discard.ts';
import { observeDiscardable, type Discardable } from '../../observations/discard/observe-discardable.ts';
import { proveKept } from '../../observations/discard/prove-kept.ts';
import type { TsdbReaders } from '../../observations/tsdb-inventory.ts';
import { planDiscard, planRemoval, planRest, type DiscardOrder } from '../../operations/discard.ts';
import { refuseCandidate, refuseRemoval, refuseUnproven } from '../../operations/refuse-discard.ts';
import type { CommandContext, CommandInput, CommandResult, RunKeeper } from '../command.ts';
import { confirm } from '../confirm.ts';
import { planResult } from '../plan-result.ts';

/** `holdfast rescue discard DIR`: an orphan whose every sample is elsewhere is renamed, and after 14 days removed. */
export async function runRescueDiscard(input: CommandInput, context: CommandContext): Promise<CommandResult> {
  const given = resolve(context.workingDirectory, input.arguments[0] ?? '');
  const named = join(await followSymlinks(dirname(given)), basename(given));
  const place = await locateDiscard(named);
  if (place.state === 'done') return doneBefore(place.path, place.mark);
  const readers = await context.world.openTsdb();
  const runs = await context.world.openRuns(join(dirname(place.path), discardsFolder));
  const prepared = await prepare(place, { input, context, readers, runs });
  const { plan, proof } = prepared;
  if (input.flags.plan === true) return planResult(plan);
  context.reporter.plan(plan);
  // Of a removal that was broken off, as it was called when that began: the same command finishes it.
  const name = basename(named);
  const doing = place.state === 'fresh' ? `discard the directory ${name}` : `delete the directory ${name} for good`;
  await confirm(context.terminal, { name, thing: 'directory', given: input.flags.confirm, doing }, context.signal);
  const lock = await runs.lock({ verb: 'discard', run: plan.run, breakForeign: input.flags.unsafeBreakLock === true });
  try {
    await refuseChanged(prepared, readers);
    const error = await carryOut(plan, runs, context);
    return resultOf(place, { plan, proof, error });
  } finally {
    await lock.release();
  }
}

interface Work {
  readonly input: CommandInput;
  readonly context: CommandContext;
  readonly readers: TsdbReaders;
  readonly runs: RunKeeper;
}

interface Prepared {
  readonly plan: Plan<DiscardStep>;
  readonly proof: KeptProof | null;
  /** As it was looked at; undefined for what a removal has left. */
  readonly found: Discardable | undefined;
}

async function prepare(place: Exclude<DiscardPlace, { state: 'done' }>, work: Work): Promise<Prepared> {
  const { context, readers, runs } = work;
  const { path } = place;
  const nowMs = context.now();
  const order: Omit<DiscardOrder, 'keepers' | 'proof'> = {
    run: runs.newRun('discard'),
    name: basename(path),
    path,
    parent: dirname(path),
    records: join(dirname(path), discardsFolder),
    nowMs,
  };
  if (place.state === 'going') {
    return { plan: planRest({ ...order, keepers: [], proof: null }, place.markedBy), proof: null, found: undefined };
  }
  const found = await observeDiscardable(path, readers);
  const mark = place.state === 'discarded' ? refuseRemoval(path, found.mark, nowMs) : undefined;
  refuseCandidate(found, nowMs);
  const choice = found.kind === 'empty' ? { keepers: [] } : await choose(found, mark, work);
  const proof = await prove(found, choice, work);
  const whole = { ...order, ...choice, proof };
  return { plan: mark === undefined ? planDiscard(whole) : planRemoval(whole, mark), proof, found };
}

async function choose(found: Discardable, mark: DiscardMark | undefined, { input, context }: Work) {
  const named = await Promise.all(
    (input.flags.keptIn ?? []).map((path) => followSymlinks(resolve(context.workingDirectory, path))),
  );
  return chooseKeepers(found, { named, remembered: mark?.proof.keptIn ?? [] }, lookOf(context));
}

async function prove(found: Discardable, { keepers }: KeeperChoice, { context, readers }: Work) {
  const [first, ...others] = keepers;
  if (first === undefined) return null;
  const question = { directory: found.path, tsdbs: found.tsdbs, keepers: [first, ...others] } as const;
  const proof = await proveKept(question, readers, lookOf(context));
  refuseUnproven(proof);
  return proof;
}

function lookOf({ reporter, signal }: CommandContext) {
  return { progress: reporter.progress.bind(reporter), signal };
}

/** It may have been put into use while the question stood there. */
async function refuseChanged({ found }: Prepared, readers: TsdbReaders): Promise<void> {
  if (found === undefined) return;
  const now = await observeDiscardable(found.path, readers);
  if (now.writer === undefined && now.boundTo === undefined && sumsOf(now) === sumsOf(found)) return;
  throw new HoldfastError('not-discardable', {
    message: `${found.path} is not discarded: it has changed since it was looked at. Nothing was changed.`,
    remedy: 'See who uses it, then run the same command again.',
    details: { path: found.path, rule: 'changed' },
  });
}

function sumsOf({ tree, inode, lastWriteMs }: Discardable): string {
  const bytes = [...tree.files.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return [inode, tree.files.size, tree.directories.size, tree.strange.length, bytes, lastWriteMs].join(' ');
}

async function carryOut(plan: Plan<DiscardStep>, runs: RunKeeper, context: CommandContext): Promise<unknown> {
  const handlers = await context.world.openDiscard();
  const onEvent = (event: RunEvent<DiscardStep>): void => context.reporter.event(event);
  return runs.carryOut(plan, { handlers, onEvent, signal: context.signal }).then(
    () => undefined,
    (reason: unknown) => reason ?? new Error('The discard ended without a reason.'),
  );
}

interface Outcome {
  readonly plan: Plan<DiscardStep>;
  readonly proof: KeptProof | null;
  readonly error: unknown;
}

function resultOf(place: DiscardPlace, { plan, proof, error }: Outcome): CommandResult {
  const marking = plan.steps.find((step) => step.kind === 'mark-discarded');
  const removed = place.state !== 'fresh' && error === undefined;
  const renamedTo = marking?.to ?? null;
  const value = { run: plan.run, directory: place.path, renamedTo, removed, proof };
  if (error !== undefined) return { value, error, text: () => [] };
  if (marking === undefined) return { value, text: () => [`${printable(place.path)} is deleted.`] };
  return { value, text: () => tellRenamed(marking.to, marking.mark) };
}

function doneBefore(path: string, mark: DiscardMark): CommandResult {
  return {
    value: { run: null, directory: mark.directory, renamedTo: path, removed: false, proof: null },
    text: () => [`${printable(mark.directory)} was discarded before.`, ...tellRenamed(path, mark)],
  };
}

function tellRenamed(path: string, { name }: DiscardMark): readonly string[] {
  const back = join(dirname(path), name);
  return [
    `It is now ${printable(path)}.`,
    `To put it back: mv ${shellWord(path)} ${shellWord(back)} && rm ${shellWord(join(back, discardMarkFile))}`,
    `To delete it, 14 days from then at the earliest: holdfast rescue discard ${shellWord(path)}`,
  ];
}
