import { formatCount, plural } from '../model/counted.ts';
import type { DiscardMark, DiscardStep, KeeperRef, KeptProof, KeptSummary } from '../model/discard-step.ts';
import type { Finding } from '../model/finding.ts';
import type { Plan } from '../model/plan.ts';
import { discardedForMs, discardedName, removalSuffix } from '../rules/discard-name.ts';

export interface DiscardOrder {
  readonly run: string;
  /** What the directory is called, and where it lies; absolute. */
  readonly name: string;
  readonly path: string;
  readonly parent: string;
  /** Absolute path of the folder beside it for lock, journal and proofs. */
  readonly records: string;
  readonly nowMs: number;
  readonly keepers: readonly KeeperRef[];
  /** Null for a directory in which no file has a byte. */
  readonly proof: KeptProof | null;
}

/** A directory whose every sample is elsewhere gets a mark and then a name that everybody sees. Nothing is removed. */
export function planDiscard(order: DiscardOrder): Plan<DiscardStep> {
  const { run, name, path, parent, nowMs, keepers, proof } = order;
  const to = `${parent}/${discardedName(name, nowMs)}`;
  const removable = new Date(nowMs + discardedForMs).toISOString();
  const mark: DiscardMark = {
    format: 1,
    run,
    name,
    directory: path,
    discardedAtMs: nowMs,
    proof: summaryOf(proof, nowMs),
    wayBack: `To put it back: rename this directory to ${name}, and remove this file.`,
  };
  const steps: readonly DiscardStep[] = [
    ...recordProof(order),
    {
      kind: 'mark-discarded',
      phase: 'protect',
      class: 'safe',
      title: `put a mark into ${path}, so that it counts no more as a place where samples are kept`,
      from: path,
      to,
      mark,
    },
    {
      kind: 'set-aside',
      phase: 'remove',
      class: 'disruptive',
      title: `rename ${path} to ${to}; it may be removed from ${removable} on`,
      from: path,
      to,
      markedBy: run,
      keepers,
    },
  ];
  return planOf(order, steps);
}

/** A directory that was discarded long enough ago, and is proven once more, goes for good. */
export function planRemoval(order: DiscardOrder, mark: DiscardMark): Plan<DiscardStep> {
  const { path, keepers } = order;
  const to = `${path}${removalSuffix}`;
  const steps: readonly DiscardStep[] = [
    ...recordProof(order),
    {
      kind: 'set-aside',
      phase: 'remove',
      class: 'destructive',
      title: `rename ${path} to ${to}`,
      from: path,
      to,
      markedBy: mark.run,
      keepers,
    },
    removeStep(to, mark.run),
  ];
  return planOf(order, steps);
}

/** What a removal that was broken off has left is removed: it was proven before it got this name. */
export function planRest(order: DiscardOrder, markedBy: string): Plan<DiscardStep> {
  return planOf(order, [removeStep(order.path, markedBy)]);
}

function removeStep(path: string, markedBy: string): DiscardStep {
  return {
    kind: 'remove-discarded',
    phase: 'remove',
    class: 'destructive',
    title: `delete ${path} and all that is in it`,
    path,
    markedBy,
  };
}

function recordProof({ records, run, proof }: DiscardOrder): readonly DiscardStep[] {
  if (proof === null) return [];
  const file = `${records}/${run}/proof.json`;
  return [{ kind: 'record-proof', phase: 'record', class: 'safe', title: `write the proof to ${file}`, file, proof }];
}

function planOf(order: DiscardOrder, steps: readonly DiscardStep[]): Plan<DiscardStep> {
  const { run, name } = order;
  return {
    operation: 'discard',
    stack: name,
    run,
    continues: false,
    steps,
    findings: findingsOf(order),
    differences: [],
  };
}

function findingsOf({ path, proof }: DiscardOrder): readonly Finding[] {
  const said = { severity: 'info', object: path, remedy: 'Nothing needs to be done.' } as const;
  if (proof === null) return [{ ...said, rule: 'nothing-in-it', message: 'No file in it has a byte of data.' }];
  const { samples, series, windows, keptIn } = proof;
  const message = `All ${plural(samples, 'sample')} of ${formatCount(series)} series are in ${keptIn.join(' and ')}, read just now: ${plural(windows.bySums, 'window')} of two hours by their sums, ${formatCount(windows.bySamples)} sample by sample.`;
  return [{ ...said, rule: 'kept-elsewhere', message }];
}

function summaryOf(proof: KeptProof | null, nowMs: number): KeptSummary {
  if (proof === null) return { provedAtMs: nowMs, series: 0, samples: 0, fromMs: null, toMs: null, keptIn: [] };
  const { provedAtMs, series, samples, fromMs, toMs, keptIn } = proof;
  return { provedAtMs, series, samples, fromMs, toMs, keptIn };
}
