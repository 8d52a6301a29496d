import type { CoverageGap, StackOfVolume } from '../model/coverage.ts';
import { cutOf } from '../model/gap-rule.ts';
import type { RunSummary } from '../model/run.ts';
import type { TsdbCoverage } from '../model/tsdb-coverage.ts';
import type { TsdbFinding } from '../model/tsdb-inventory.ts';

const blockMs = 2 * 3_600_000;

/** From the last sample before it to the first one behind it; to the look where there is none. */
export interface Hole {
  readonly fromMs: number;
  readonly toMs: number;
  readonly isOpen: boolean;
}

interface Context {
  readonly stack: StackOfVolume | undefined;
  readonly nowMs: number;
}

/** Nothing at all was written: what is known best comes first. */
export function explainVolumeGap(hole: Hole, coverage: TsdbCoverage, { stack, nowMs }: Context): CoverageGap {
  const { intervalMs } = coverage.all;
  const run = findRun(stack?.runs ?? [], { hole, nowMs, cutMs: cutOf(intervalMs) });
  if (run !== undefined) {
    return { ...hole, reason: run.verb, run: run.run, message: `Prometheus was stopped by the run ${run.run}.` };
  }
  const damaged = coverage.findings.find((finding) => hits(finding, hole, coverage.blocks));
  if (damaged !== undefined) {
    return { ...hole, reason: 'damage', run: null, message: `What was written cannot be read: ${damaged.file}.` };
  }
  if (!hole.isOpen && looksLikeBlocks(hole, intervalMs)) {
    const message = 'It begins and ends where blocks do: a block is missing, or has no meta.json that can be read.';
    return { ...hole, reason: 'missing-block', run: null, message };
  }
  const message = hole.isOpen
    ? 'Nothing has been written of any job since then: Prometheus does not run, or cannot write.'
    : 'Nothing was written of any job: Prometheus did not run, or could not write.';
  return { ...hole, reason: 'prometheus-down', run: null, message };
}

/**
 * What is missing before the first sample, where the retention explains it: what is kept reaches as far back as it lets it.
 */
export function retentionGap(coverage: TsdbCoverage, stack: StackOfVolume | undefined): CoverageGap | undefined {
  const [first, last] = [coverage.all.ranges[0], coverage.all.ranges.at(-1)];
  if (stack === undefined || first === undefined || last === undefined) return undefined;
  const { createdAtMs, retention } = stack;
  if (first.fromMs - createdAtMs <= cutOf(coverage.all.intervalMs)) return undefined;
  // Whole blocks are deleted, so the first that is kept ends, and does not begin, within the retention.
  // An outage that retention does not count makes what is kept that much longer.
  const raisedMs = retention.raises.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const byTime = retention.timeMs > 0 && last.toMs - first.fromMs >= retention.timeMs + raisedMs - blockMs;
  const bySize = retention.sizeBytes > 0 && coverage.sizeBytes >= nearlyFull * retention.sizeBytes;
  if (!byTime && !bySize) return undefined;
  const which = byTime ? 'prometheus.retention' : 'prometheus.retentionSize';
  return {
    fromMs: createdAtMs,
    toMs: first.fromMs,
    isOpen: false,
    reason: 'retention',
    run: null,
    message: `The stack is older than what is kept: ${which} lets Prometheus delete it.`,
  };
}

/** The largest blocks of a stack are a tenth of its retention. */
const nearlyFull = 0.8;

interface Stopping {
  readonly hole: Hole;
  readonly nowMs: number;
  readonly cutMs: number;
}

const stopping: readonly RunSummary['verb'][] = ['down', 'teardown', 'rebuild'];

/** The run that was at work when the last sample was written, or soon after; one that means to stop Prometheus first. */
function findRun(runs: readonly RunSummary[], { hole, nowMs, cutMs }: Stopping): RunSummary | undefined {
  const atWork = runs
    .filter((run) => run.startedAtMs <= hole.fromMs + cutMs && endOf(run, nowMs) >= hole.fromMs)
    .sort((one, other) => one.startedAtMs - other.startedAtMs);
  return atWork.find(({ verb }) => stopping.includes(verb)) ?? atWork[0];
}

/** Of one that was interrupted, what its last step tells. */
function endOf({ startedAtMs, endedAtMs, state, steps }: RunSummary, nowMs: number): number {
  if (endedAtMs !== null) return endedAtMs;
  if (state === 'running') return nowMs;
  return Math.max(startedAtMs, ...steps.map((step) => step.endedAtMs ?? step.startedAtMs ?? startedAtMs));
}

function hits({ severity, fromMs, toMs, file }: TsdbFinding, hole: Hole, blocks: TsdbCoverage['blocks']): boolean {
  if (severity !== 'error') return false;
  const block = blocks.find(({ ulid }) => file.startsWith(`${ulid}/`));
  const from = fromMs ?? block?.fromMs;
  const to = toMs ?? block?.toMs;
  return from !== undefined && to !== undefined && from < hole.toMs && to > hole.fromMs;
}

/** Blocks are cut at every even hour, and scrapes do not stop there by chance. */
function looksLikeBlocks({ fromMs, toMs }: Hole, intervalMs: number | null): boolean {
  if (intervalMs === null || intervalMs > blockMs / 8) return false;
  const begins = Math.ceil((fromMs + 1) / blockMs) * blockMs;
  const ends = Math.floor(toMs / blockMs) * blockMs;
  return ends >= begins + blockMs && begins - fromMs <= 1.5 * intervalMs && toMs - ends <= 1.5 * intervalMs;
}
