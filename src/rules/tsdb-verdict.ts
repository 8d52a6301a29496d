import type { Finding } from '../model/finding.ts';
import type { ComparedWindow, TsdbComparison } from '../model/tsdb-comparison.ts';
import type { TsdbFinding, TsdbInventory, TsdbOutOfOrder } from '../model/tsdb-inventory.ts';
import type { LostTsdbWindow, TsdbLossKind, TsdbVerdict, UndecidedWindow } from '../model/tsdb-proof.ts';
import { judgeTsdbWindows, type JudgedJob, type JudgedWindow } from './judge-tsdb-windows.ts';
import { findTsdbGap } from './tsdb-gap.ts';

export interface TimeRange {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
}

/** The blocks of before, by what its own retention had in store for them. */
export interface Condemned {
  readonly condemned: readonly TimeRange[];
  readonly kept: readonly TimeRange[];
}

export interface VerdictOptions {
  readonly before: TsdbInventory;
  readonly after: TsdbInventory;
  /** What nobody knows has not expired. */
  readonly blocks?: Condemned;
  /** Where both directories were at hand and were asked about the windows in question. */
  readonly comparison?: TsdbComparison | null;
  /** What to do where all that before holds is too new to be promised; by default for two directories or files. */
  readonly tooNewRemedy?: string;
}

const inventoryAnew =
  'Run `holdfast inventory DIR --json` anew a minute later, or while nobody writes, and prove against what it prints.';

/** What the two inventories say of each other, with what a comparison sample by sample found of windows in question. */
export function compareTsdbInventories(options: VerdictOptions): TsdbVerdict {
  const { before, after, blocks, comparison = null, tooNewRemedy = inventoryAnew } = options;
  const compared = new Map(comparison?.windows.map((window) => [window.fromMs, window]));
  const late = new Map(before.outOfOrder.map((window) => [window.fromMs, window]));
  const outcomes = judgeTsdbWindows(before, after).map((window) =>
    decide(window, { compared: compared.get(window.fromMs), late: late.get(window.fromMs), blocks }),
  );
  const sum = (what: 'kept' | 'expired' | 'added') => outcomes.reduce((total, outcome) => total + outcome[what], 0);
  const lost = outcomes.flatMap((outcome) => outcome.lost);
  const undecided = outcomes.flatMap((outcome) => outcome.undecided);
  return {
    completeToMs: before.completeToMs,
    kept: { series: keptSeries(before, outcomes), samples: sum('kept') },
    lost: { samples: samplesOf(lost), windows: lost, series: comparison?.series ?? null },
    expired: { samples: sum('expired') },
    undecided: { samples: samplesOf(undecided), windows: undecided },
    gap: findTsdbGap(before, after),
    added: { samples: addedOf(before, after, outcomes) },
    findings: [
      ...listFindings('before', before),
      ...listFindings('after', after),
      ...nameOutOfOrder(lost),
      ...nameConflicts(before, after),
      ...nameEmpty(before, outcomes, tooNewRemedy),
    ],
  };
}

/** The windows whose sums do not prove that everything is there: what is worth a comparison sample by sample. */
export function findWindowsInQuestion(
  before: TsdbInventory,
  after: TsdbInventory,
): readonly { readonly fromMs: number; readonly series: number }[] {
  return judgeTsdbWindows(before, after)
    .filter(({ verdict }) => verdict !== 'kept')
    .map(({ fromMs, before: was, after: is }) => ({ fromMs, series: was.series + (is?.series ?? 0) }));
}

interface Outcome {
  readonly window: JudgedWindow;
  readonly kept: number;
  readonly expired: number;
  readonly added: number;
  readonly lost: readonly LostTsdbWindow[];
  readonly undecided: readonly UndecidedWindow[];
}

interface Known {
  readonly compared: ComparedWindow | undefined;
  readonly late: TsdbOutOfOrder | undefined;
  readonly blocks: Condemned | undefined;
}

function decide(window: JudgedWindow, known: Known): Outcome {
  const { before } = window;
  const nothing = { window, kept: 0, expired: 0, added: 0, lost: [], undecided: [] };
  if (window.verdict === 'kept') return { ...nothing, kept: before.samples, added: addedIn(window.jobs) };
  const { compared } = known;
  if (compared !== undefined && !isSameBefore(window, compared)) {
    return { ...nothing, undecided: [undecide(window, before.samples, 'moved')] };
  }
  const outcome = compared === undefined ? decideBySums(window, known) : decideExactly(window, compared, known);
  if (outcome.lost.length === 0 || !isCondemned(window, known.blocks)) return outcome;
  const [expired, changed] = [outcome.lost.filter(isGone), outcome.lost.filter((lost) => !isGone(lost))];
  return { ...outcome, expired: samplesOf(expired), lost: changed };
}

/** A value that is another one has not been deleted by any retention. */
function isGone({ kind }: LostTsdbWindow): boolean {
  return kind !== 'changed';
}

function isSameBefore({ before }: JudgedWindow, compared: ComparedWindow): boolean {
  return before.samples === compared.before.samples && before.digest === compared.before.digest;
}

function decideExactly(window: JudgedWindow, compared: ComparedWindow, known: Known): Outcome {
  const { missing, changed, added } = compared;
  const lost: LostTsdbWindow[] = [];
  const kind = isOutOfOrderAlone(window, known.late) ? 'out-of-order' : 'missing';
  if (missing > 0) {
    const jobs = compared.jobs.filter((job) => job.missing > 0).map((job) => ({ job: job.job, samples: job.missing }));
    lost.push(lose(window, { kind, samples: missing, exact: true, jobs }));
  }
  if (changed > 0) {
    const jobs = compared.jobs.filter((job) => job.changed > 0).map((job) => ({ job: job.job, samples: job.changed }));
    lost.push(lose(window, { kind: 'changed', samples: changed, exact: true, jobs }));
  }
  return { window, kept: window.before.samples - missing - changed, expired: 0, added, lost, undecided: [] };
}

function decideBySums(window: JudgedWindow, { late }: Known): Outcome {
  const isLate = isOutOfOrderAlone(window, late);
  const missing = window.jobs.filter(({ verdict }) => verdict === 'missing');
  const changed = window.jobs.filter(({ verdict }) => verdict === 'changed');
  const open = window.jobs.filter(({ verdict }) => verdict === 'undecided');
  const lost: LostTsdbWindow[] = [];
  if (missing.length > 0) {
    // All of a job is missing: then it is not only so many at least.
    const exact = isLate || missing.every(({ after }) => after === 0);
    lost.push(lose(window, { kind: isLate ? 'out-of-order' : 'missing', ...lostOf(missing), exact }));
  }
  if (changed.length > 0) lost.push(lose(window, { kind: 'changed', ...lostOf(changed), exact: false }));
  const openSamples = open.reduce((sum, { before }) => sum + before, 0);
  const undecided = open.length === 0 ? [] : [undecide(window, openSamples, window.isLast ? 'filling' : 'added')];
  return {
    window,
    kept: Math.max(0, window.before.samples - openSamples - samplesOf(lost)),
    expired: 0,
    added: addedIn(window.jobs),
    lost,
    undecided,
  };
}

function lostOf(jobs: readonly JudgedJob[]): Pick<LostTsdbWindow, 'samples' | 'jobs'> {
  return {
    samples: jobs.reduce((sum, { lost }) => sum + lost, 0),
    jobs: jobs.flatMap(({ job, lost }) => (job === null ? [] : [{ job, samples: lost }])),
  };
}

/** The sums of before less those of what came out of order are the sums of after. */
function isOutOfOrderAlone({ before, after }: JudgedWindow, late: TsdbOutOfOrder | undefined): boolean {
  if (late === undefined || late.samples === 0) return false;
  const left = before.samples - late.samples;
  if (after === null || after.samples === 0) return left === 0;
  return after.samples === left && after.digest === subtract(before.digest, late.digest);
}

function subtract(digest: string, other: string): string {
  const half = (at: 0 | 8): string => {
    const [one, two] = [digest, other].map((text) => parseInt(text.slice(at, at + 8), 16)) as [number, number];
    return ((one - two) >>> 0).toString(16).padStart(8, '0');
  };
  return half(0) + half(8);
}

/** Every block that reached into the window was condemned, and the head did not. */
function isCondemned({ fromMs, toMs }: TimeRange, blocks: Condemned | undefined): boolean {
  const reaches = (block: TimeRange): boolean => block.fromMs < toMs && block.toMs > fromMs;
  return blocks !== undefined && blocks.condemned.some(reaches) && !blocks.kept.some(reaches);
}

function lose(
  { fromMs, toMs, before }: JudgedWindow,
  loss: Pick<LostTsdbWindow, 'kind' | 'samples' | 'exact' | 'jobs'>,
): LostTsdbWindow {
  const atLeast = loss.exact ? '' : 'at least ';
  const reasons: Readonly<Record<TsdbLossKind, string>> = {
    missing: `${atLeast}${loss.samples} of ${before.samples} samples are not there`,
    changed: `${atLeast}${loss.samples} of ${before.samples} samples have another value or are other samples`,
    'out-of-order': `${loss.samples} samples that came out of order are not there; a snapshot leaves them out`,
  };
  const jobs = loss.jobs.map(({ job, samples }) => `${job === '' ? '(none)' : job} ${samples}`);
  const more = jobs.length > 5 ? ` and ${jobs.length - 5} more` : '';
  const named = jobs.length === 0 ? '' : `; by job: ${jobs.slice(0, 5).join(', ')}${more}`;
  return { fromMs, toMs, ...loss, reason: `${reasons[loss.kind]}${named}` };
}

const undecidedReasons: Readonly<Record<UndecidedWindow['kind'], string>> = {
  added: 'there are more samples than before, and sums cannot tell whether all of before are among them',
  filling: 'it was still being filled when before was counted, and after cannot be counted up to the same moment',
  moved: 'the directory changed while it was compared',
};

function undecide({ fromMs, toMs }: JudgedWindow, samples: number, kind: UndecidedWindow['kind']): UndecidedWindow {
  return { fromMs, toMs, samples, kind, reason: undecidedReasons[kind] };
}

/** Where nothing is open, all that there were; else the most that any one window has kept. */
function keptSeries(before: TsdbInventory, outcomes: readonly Outcome[]): number {
  const whole = outcomes.filter(({ window, kept }) => kept === window.before.samples);
  const kept = whole.reduce((sum, outcome) => sum + outcome.kept, 0);
  if (kept === before.totals.samples) return before.totals.series;
  return whole.reduce((most, { window }) => Math.max(most, window.before.series), 0);
}

function addedIn(jobs: readonly JudgedJob[]): number {
  return jobs.reduce((sum, { added }) => sum + added, 0);
}

/** What is behind the end of before, and what came late. */
function addedOf(before: TsdbInventory, after: TsdbInventory, outcomes: readonly Outcome[]): number {
  const judged = new Set(outcomes.map(({ window }) => window.fromMs));
  const late = outcomes.reduce((sum, { added }) => sum + added, 0);
  const others = after.windows.filter(({ fromMs }) => !judged.has(fromMs));
  const behind = after.cut !== null && after.cut.atMs === before.completeToMs ? behindCut(after, judged) : 0;
  return late + behind + others.reduce((sum, { samples }) => sum + samples, 0);
}

function behindCut({ cut, windows }: TsdbInventory, judged: ReadonlySet<number>): number {
  const last = windows.find(({ fromMs, toMs }) => cut !== null && fromMs <= cut.atMs && cut.atMs < toMs);
  if (last === undefined || !judged.has(last.fromMs)) return 0;
  return last.samples - (cut?.window?.samples ?? 0);
}

function samplesOf(windows: readonly { readonly samples: number }[]): number {
  return windows.reduce((sum, { samples }) => sum + samples, 0);
}

function listFindings(side: string, { findings }: TsdbInventory): readonly Finding[] {
  return findings.map(({ rule, severity, file, message, remedy }: TsdbFinding) => ({
    rule,
    severity,
    object: file === '' ? side : `${side}: ${file}`,
    message,
    remedy,
  }));
}

/** Windows are compared by the value that is counted: of the others, this is all that is known. */
function nameConflicts({ conflicts: were }: TsdbInventory, { conflicts: are }: TsdbInventory): readonly Finding[] {
  if (were.samples === are.samples && were.digest === are.digest) return [];
  return [
    {
      rule: 'conflicts-differ',
      severity: 'warning',
      object: 'before',
      message: `Some series have different values at one time, of which one is counted: before held ${were.samples} more than are counted, after holds ${are.samples}, and they are not the same ones.`,
      remedy: 'Keep the first side, until it is known which values are right; `holdfast inventory` says when they are.',
    },
  ];
}

/** While somebody writes, the last minute is promised to nobody; a proof of nothing else must say so. */
function nameEmpty({ totals }: TsdbInventory, outcomes: readonly Outcome[], remedy: string): readonly Finding[] {
  if (outcomes.length > 0 || totals.samples === 0) return [];
  return [
    {
      rule: 'nothing-to-prove',
      severity: 'warning',
      object: 'before',
      message: `Before holds ${totals.samples} samples, but all are behind the moment up to which it was complete, so nothing was proved of them.`,
      remedy,
    },
  ];
}

function nameOutOfOrder(lost: readonly LostTsdbWindow[]): readonly Finding[] {
  const samples = samplesOf(lost.filter(({ kind }) => kind === 'out-of-order'));
  if (samples === 0) return [];
  return [
    {
      rule: 'out-of-order-left-out',
      severity: 'warning',
      object: 'after',
      message: `${samples} samples came out of order and were in no block of before yet, and they are what is missing: a snapshot of Prometheus leaves them out.`,
      remedy: 'Copy wbl/ and chunks_head/ as well, or take the snapshot once they have been compacted.',
    },
  ];
}
