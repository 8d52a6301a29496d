import type { TsdbInventory, TsdbJob, TsdbWindow } from '../model/tsdb-inventory.ts';

/** Where an inventory says two things that cannot both be true, and what. */
export interface Contradiction {
  /** As `windows.3.samples`. */
  readonly at: string;
  readonly words: string;
}

/**
 * The first contradiction within an inventory that came out of a file: somebody has edited it, or it is damaged. What it
 * counts cannot be known to be true; that its parts add up can, and a proof rests on each of them.
 */
export function findContradiction(
  inventory: TsdbInventory,
  of: ContradictionOf = 'inventory',
): Contradiction | undefined {
  for (const look of [findInTotals, findInTimes, findInJobs, findInCut, findInOutOfOrder, findInBlocks]) {
    const found = look(inventory, of);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What a proof saw of its second side is cut where its first side ended. */
export type ContradictionOf = 'inventory' | 'proof';

function findInTotals({ totals, windows }: TsdbInventory): Contradiction | undefined {
  for (const what of ['samples', 'staleMarkers'] as const) {
    const sum = windows.reduce((total, window) => total + window[what], 0);
    if (sum !== totals[what]) return { at: `totals.${what}`, words: `is ${totals[what]}, and the windows hold ${sum}` };
  }
  const most = windows.reduce((largest, { series }) => Math.max(largest, series), 0);
  const all = windows.reduce((total, { series }) => total + series, 0);
  if (totals.series >= most && totals.series <= all) return undefined;
  return { at: 'totals.series', words: `is ${totals.series}, and the windows hold ${most} to ${all} of them` };
}

function findInTimes({ completeToMs, cut, windows }: TsdbInventory, of: ContradictionOf): Contradiction | undefined {
  for (const [index, window] of windows.entries()) {
    const words = oddityOf(window);
    if (words !== undefined) return { at: `windows.${index}`, words };
  }
  const at = 'completeToMs';
  const held = windows.filter(({ samples }) => samples > 0);
  const [first, last] = [held[0], held.at(-1)];
  if (first === undefined || last === undefined) {
    return completeToMs === null ? undefined : { at, words: `is ${completeToMs}, behind the newest sample (none)` };
  }
  if (completeToMs === null) return { at, words: 'is null, and there are samples' };
  const newestMs = last.lastMs ?? last.toMs - 1;
  if (completeToMs > newestMs) return { at, words: `is ${completeToMs}, behind the newest sample (${newestMs})` };
  const least = { firstMs: first.firstMs ?? first.fromMs, newestMs: last.lastMs ?? last.fromMs };
  const words = earlyEnd(completeToMs, cut, of, least);
  return words === undefined ? undefined : { at, words };
}

/** More than any scrape takes, and than a clock is usually ahead of another. */
const longestYouthMs = 7_200_000;

/**
 * It ends before its newest sample only where somebody wrote, and is cut there; of a proof's second side, before all of
 * its samples only where the first of them had just been written.
 */
function earlyEnd(
  completeToMs: number,
  cut: TsdbInventory['cut'],
  of: ContradictionOf,
  { firstMs, newestMs }: { readonly firstMs: number; readonly newestMs: number },
): string | undefined {
  if (completeToMs >= newestMs) return undefined;
  if (cut === null) return `is ${completeToMs}, before the newest sample (${newestMs}), and nobody wrote`;
  if (of === 'inventory' && completeToMs !== cut.atMs) return `is ${completeToMs}, and it was cut at ${cut.atMs}`;
  if (firstMs - completeToMs <= longestYouthMs) return undefined;
  return `is ${completeToMs}, long before the first sample (${firstMs})`;
}

/** What is wrong with one window by itself. */
function oddityOf({ series, samples, firstMs, lastMs }: TsdbWindow): string | undefined {
  if (series > samples || (series === 0 && samples > 0)) return `counts ${samples} samples of ${series} series`;
  if (firstMs !== null && lastMs !== null && firstMs > lastMs) return 'ends before it begins';
  return undefined;
}

/** Each sample is of one job: the windows of all of them add up to the whole, their digests too. */
function findInJobs({ jobs, windows }: TsdbInventory): Contradiction | undefined {
  if (jobs.length === 0) return undefined;
  const twice = findTwice(jobs.map(({ job }) => job));
  if (twice !== undefined) return { at: 'jobs', words: `names ${JSON.stringify(twice)} twice` };
  const sums = sumByWindow(jobs);
  for (const [index, window] of windows.entries()) {
    const words = difference(window, sums.get(window.fromMs));
    if (words !== undefined) return { at: `windows.${index}`, words };
    sums.delete(window.fromMs);
  }
  const [stray] = sums.keys();
  return stray === undefined
    ? undefined
    : { at: 'jobs', words: `have a window from ${stray}, which is in none of all` };
}

interface Sums {
  series: number;
  samples: number;
  staleMarkers: number;
  a: number;
  b: number;
}

function sumByWindow(jobs: readonly TsdbJob[]): Map<number, Sums> {
  const sums = new Map<number, Sums>();
  for (const window of jobs.flatMap(({ windows }) => windows)) {
    const sum = sums.get(window.fromMs) ?? noSums();
    sums.set(window.fromMs, sum);
    addTo(sum, window);
  }
  return sums;
}

function noSums(): Sums {
  return { series: 0, samples: 0, staleMarkers: 0, a: 0, b: 0 };
}

function addTo(sum: Sums, { series, samples, staleMarkers, digest }: TsdbWindow): void {
  sum.series += series;
  sum.samples += samples;
  sum.staleMarkers += staleMarkers;
  sum.a = (sum.a + parseInt(digest.slice(0, 8), 16)) >>> 0;
  sum.b = (sum.b + parseInt(digest.slice(8), 16)) >>> 0;
}

function difference(window: TsdbWindow, jobs = noSums()): string | undefined {
  for (const what of ['series', 'samples', 'staleMarkers'] as const) {
    if (window[what] !== jobs[what]) return `counts ${window[what]} ${what}, and its jobs ${jobs[what]}`;
  }
  const digest = [jobs.a, jobs.b].map((word) => word.toString(16).padStart(8, '0')).join('');
  return digest === window.digest ? undefined : `has the digest ${window.digest}, and its jobs ${digest}`;
}

function findInCut({ cut, jobs, windows }: TsdbInventory): Contradiction | undefined {
  if (cut === null) return undefined;
  const { atMs, window, nextMs } = cut;
  if (nextMs !== null && nextMs <= atMs) return { at: 'cut.nextMs', words: 'is not behind the cut' };
  if (window === null) {
    return cut.jobs.length === 0 ? undefined : { at: 'cut.jobs', words: 'are there without a window' };
  }
  const whole = windows.find(({ fromMs }) => fromMs === window.fromMs);
  if (whole === undefined || window.samples > whole.samples || window.staleMarkers > whole.staleMarkers) {
    return { at: 'cut.window', words: `counts ${window.samples} samples, more than its two hours hold` };
  }
  if (atMs < window.fromMs || atMs >= whole.toMs) return { at: 'cut.atMs', words: 'is outside of its window' };
  if (jobs.length === 0) return undefined;
  const sum = noSums();
  for (const job of cut.jobs) addTo(sum, job.window);
  const words = difference(window, sum);
  return words === undefined ? undefined : { at: 'cut.window', words };
}

function findInOutOfOrder({ totals, outOfOrder, windows }: TsdbInventory): Contradiction | undefined {
  const held = new Map(windows.map((window) => [window.fromMs, window.samples]));
  const at = 'outOfOrder';
  const twice = findTwice(outOfOrder.map(({ fromMs }) => fromMs));
  if (twice !== undefined) return { at, words: `names the window from ${twice} twice` };
  const odd = outOfOrder.find(({ fromMs, samples }) => samples > (held.get(fromMs) ?? 0));
  if (odd !== undefined) return { at, words: `counts ${odd.samples} samples, more than the window from ${odd.fromMs}` };
  const sum = outOfOrder.reduce((total, { samples }) => total + samples, 0);
  // Behind the cut they are in the totals alone.
  if (sum <= totals.outOfOrderSamples && totals.outOfOrderSamples <= totals.samples) return undefined;
  return { at: 'totals.outOfOrderSamples', words: `is ${totals.outOfOrderSamples}, and the windows hold ${sum}` };
}

function findInBlocks({ blocks }: TsdbInventory): Contradiction | undefined {
  const index = blocks.findIndex(({ fromMs, toMs }) => fromMs > toMs);
  return index === -1 ? undefined : { at: `blocks.${index}`, words: 'ends before it begins' };
}

function findTwice<T>(values: readonly T[]): T | undefined {
  const seen = new Set<T>();
  return values.find((value) => seen.size === seen.add(value).size);
}
