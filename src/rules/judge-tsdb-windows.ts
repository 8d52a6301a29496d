import type { TsdbInventory, TsdbWindow } from '../model/tsdb-inventory.ts';

/** What can be said of one job in one window from sums alone. */
export type SumVerdict = 'kept' | 'missing' | 'changed' | 'undecided';

export interface JudgedJob {
  /** Null where an inventory has no jobs: then it is the whole window. */
  readonly job: string | null;
  readonly verdict: SumVerdict;
  readonly before: number;
  readonly after: number;
  /** At least so many are missing or changed. */
  readonly lost: number;
  /** At least so many are new. */
  readonly added: number;
}

export interface JudgedWindow {
  readonly fromMs: number;
  readonly toMs: number;
  /** Of the baseline alone: what came after it was complete is left out. */
  readonly before: TsdbWindow;
  readonly after: TsdbWindow | null;
  /** The window that was still being filled when the first inventory was complete. */
  readonly isLast: boolean;
  readonly verdict: SumVerdict;
  readonly jobs: readonly JudgedJob[];
}

/**
 * Compares two inventories window by window and job by job, up to where the first one is complete. Sums that are equal
 * prove that the samples are; of unequal ones they tell no more than how many are missing at least. More than before
 * proves nothing: `undecided`, for a comparison sample by sample.
 */
export function judgeTsdbWindows(before: TsdbInventory, after: TsdbInventory): readonly JudgedWindow[] {
  const { completeToMs } = before;
  if (completeToMs === null) return [];
  const ours = new Side(before, completeToMs);
  const theirs = new Side(after, completeToMs);
  return before.windows.flatMap(({ fromMs, toMs }) => {
    if (fromMs > completeToMs) return [];
    const was = ours.at(fromMs);
    if (was === undefined || was.window.samples === 0) return [];
    const range = { fromMs, toMs: Math.min(toMs, completeToMs + 1), isLast: completeToMs < toMs };
    return [judgeWindow(range, was, theirs.at(fromMs))];
  });
}

function judgeWindow(
  range: Pick<JudgedWindow, 'fromMs' | 'toMs' | 'isLast'>,
  was: SideWindow,
  is: SideWindow | undefined,
): JudgedWindow {
  const jobs = listJobs(was, is).map((sums) => judgeJob(sums, was.isCut));
  return {
    ...range,
    before: was.window,
    after: is?.window ?? null,
    verdict: worst(jobs.map(({ verdict }) => verdict)),
    jobs,
  };
}

interface JobSums {
  readonly job: string | null;
  readonly before: TsdbWindow | undefined;
  readonly after: TsdbWindow | undefined;
}

/** Job by job where both sides say so; else the window as a whole. */
function listJobs(was: SideWindow, is: SideWindow | undefined): readonly JobSums[] {
  if (was.jobs === null || is?.jobs === null) return [{ job: null, before: was.window, after: is?.window }];
  const names = new Set([...was.jobs.keys(), ...(is?.jobs.keys() ?? [])]);
  const [ours, theirs] = [was.jobs, is?.jobs];
  return [...names].sort().map((job) => ({ job, before: ours.get(job), after: theirs?.get(job) }));
}

function judgeJob({ job, before, after }: JobSums, isCut: boolean): JudgedJob {
  const [was, is] = [before?.samples ?? 0, after?.samples ?? 0];
  const said = { job, before: was, after: is, lost: 0, added: Math.max(0, is - was) };
  if (was === 0) return { ...said, verdict: 'kept' };
  if (was === is && before?.digest === after?.digest) return { ...said, verdict: 'kept' };
  // A baseline that was not cut may hold samples behind its end, which nobody promised.
  if (!isCut) return { ...said, verdict: 'undecided' };
  if (is < was) return { ...said, verdict: 'missing', lost: was - is };
  if (is === was) return { ...said, verdict: 'changed', lost: 1 };
  const fewer = (before?.series ?? 0) - (after?.series ?? 0);
  return fewer > 0
    ? { ...said, verdict: 'missing', lost: fewer, added: is - was + fewer }
    : { ...said, verdict: 'undecided' };
}

const order: readonly SumVerdict[] = ['missing', 'changed', 'undecided', 'kept'];

function worst(verdicts: readonly SumVerdict[]): SumVerdict {
  return order.find((verdict) => verdicts.includes(verdict)) ?? 'kept';
}

interface SideWindow {
  readonly window: TsdbWindow;
  /** Null where the inventory does not tell jobs apart in it. */
  readonly jobs: ReadonlyMap<string, TsdbWindow> | null;
  readonly isCut: boolean;
}

/** An inventory as of one moment. */
class Side {
  private readonly windows: ReadonlyMap<number, TsdbWindow>;
  private readonly jobs = new Map<number, Map<string, TsdbWindow>>();
  private readonly cutMs: number;
  private readonly cut: TsdbInventory['cut'];

  constructor(inventory: TsdbInventory, cutMs: number) {
    this.windows = new Map(inventory.windows.map((window) => [window.fromMs, window]));
    this.cutMs = cutMs;
    this.cut = inventory.cut?.atMs === cutMs ? inventory.cut : null;
    for (const { job, windows } of inventory.jobs) {
      for (const window of windows) this.jobsOf(window.fromMs).set(job, window);
    }
  }

  at(fromMs: number): SideWindow | undefined {
    const whole = this.windows.get(fromMs);
    if (whole === undefined) return undefined;
    // All of it is before the cut.
    if ((whole.lastMs ?? fromMs) <= this.cutMs)
      return { window: whole, jobs: this.told(whole, this.jobs.get(fromMs)), isCut: true };
    if (this.cut === null) return { window: whole, jobs: this.told(whole, this.jobs.get(fromMs)), isCut: false };
    if (this.cut.window === null) return undefined;
    const jobs = new Map(this.cut.jobs.map(({ job, window }) => [job, window]));
    return { window: this.cut.window, jobs: this.told(this.cut.window, jobs), isCut: true };
  }

  private jobsOf(fromMs: number): Map<string, TsdbWindow> {
    let jobs = this.jobs.get(fromMs);
    if (jobs === undefined) {
      jobs = new Map();
      this.jobs.set(fromMs, jobs);
    }
    return jobs;
  }

  private told(window: TsdbWindow, jobs = new Map<string, TsdbWindow>()): ReadonlyMap<string, TsdbWindow> | null {
    const samples = [...jobs.values()].reduce((sum, job) => sum + job.samples, 0);
    return samples === window.samples ? jobs : null;
  }
}
