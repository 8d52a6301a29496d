import { HoldfastError } from '../../errors/holdfast-error.ts';
import { writeFileAtomically } from '../../files/atomic-file.ts';
import type { Handler, StepContext } from '../../model/handler.ts';
import type { LostWindow, ProveRepairStep, RepairProof } from '../../model/repair-step.ts';
import type { TsdbComparison } from '../../model/tsdb-comparison.ts';
import type { TsdbInventory } from '../../model/tsdb-inventory.ts';
import type { TsdbVerdict } from '../../model/tsdb-proof.ts';
import { findCountedBefore, findRepairProof } from '../../data-root/quarantine-files.ts';
import { compareTsdbInventories, findWindowsInQuestion } from '../../rules/tsdb-verdict.ts';
import { countGone } from './count-gone.ts';
import { taskOptions, type RepairDependencies } from './repair-dependencies.ts';

/**
 * Windows are compared by their digests, which were taken before anything was moved; where they differ, sample by sample,
 * with the originals in the quarantine and what stayed.
 */
export function createProveRepairHandler({ runTask, now }: RepairDependencies): Handler<ProveRepairStep> {
  return {
    isDone: async ({ file, run }) => (await findRepairProof(file))?.run === run,
    apply: async (step, context) => {
      const { directory } = step;
      const before = (await findCountedBefore(step.before))?.inventory;
      if (before === undefined) throw notCounted(step.before);
      const options = taskOptions(context, directory);
      const after = await runTask(
        { kind: 'inventory', directory, settledMs: null, cutMs: before.completeToMs },
        options,
      );
      const comparison = await compare(step, { before, after }, { runTask, context });
      const proof = renderProof(step, { before, after, comparison, nowMs: now() });
      await writeFileAtomically(step.file, `${JSON.stringify(proof, null, 2)}\n`, { mode: 0o600 });
    },
  };
}

interface Sides {
  readonly before: TsdbInventory;
  readonly after: TsdbInventory;
}

/** Null where the digests have proved everything. */
async function compare(
  { directory, folder, made }: ProveRepairStep,
  { before, after }: Sides,
  { runTask, context }: Pick<RepairDependencies, 'runTask'> & { readonly context: StepContext },
): Promise<TsdbComparison | null> {
  const windows = findWindowsInQuestion(before, after);
  if (windows.length === 0 || before.completeToMs === null) return null;
  return runTask(
    {
      kind: 'compare',
      directory,
      after: directory,
      beforeRepair: { folder, made },
      cutMs: before.completeToMs,
      windows,
    },
    taskOptions(context, `${directory}, series by series`),
  );
}

interface Found extends Sides {
  readonly comparison: TsdbComparison | null;
  readonly nowMs: number;
}

function renderProof(step: ProveRepairStep, { before, after, comparison, nowMs }: Found): RepairProof {
  const { lost, undecided, added } = compareTsdbInventories({ before, after, comparison });
  const windows = [...lost.windows, ...lostBySums(undecided, { before, after })].map(asWindow);
  return {
    format: 1,
    run: step.run,
    directory: step.directory,
    provedAtMs: nowMs,
    kept: totalsOf(after),
    readableBefore: totalsOf(before),
    lost: {
      samples: windows.reduce((sum, { samples }) => sum + samples, 0),
      staleMarkers: countLostStale({ before, after }),
      windows,
      series: lost.series ?? { listed: [], more: 0 },
    },
    undecided: { samples: undecided.samples, windows: undecided.windows.map(asWindow) },
    regained: added.samples,
    gone: {
      blockSamples: countGone(step, { before, after }),
      walBytes: step.segments.reduce((sum, { bytesLost }) => sum + bytesLost, 0),
    },
    blocks: step.blocks,
    segments: step.segments,
  };
}

/** Where somebody else has changed what stayed, the sums of each job still tell what is missing at least. */
function lostBySums({ windows }: TsdbVerdict['undecided'], sides: Sides): readonly LostWindow[] {
  if (windows.length === 0) return [];
  const open = new Set(windows.map(({ fromMs }) => fromMs));
  return compareTsdbInventories(sides).lost.windows.filter(({ fromMs }) => open.has(fromMs));
}

function totalsOf({ totals: { series, samples, staleMarkers } }: TsdbInventory): RepairProof['kept'] {
  return { series, samples, staleMarkers };
}

function asWindow({ fromMs, toMs, samples, reason }: LostWindow): LostWindow {
  return { fromMs, toMs, samples, reason };
}

/** Digests leave them out. */
function countLostStale({ before, after }: Sides): number {
  const now = new Map(after.windows.map(({ fromMs, staleMarkers }) => [fromMs, staleMarkers]));
  return before.windows.reduce((sum, { fromMs, staleMarkers }) => {
    return sum + Math.max(0, staleMarkers - (now.get(fromMs) ?? 0));
  }, 0);
}

function notCounted(file: string): HoldfastError {
  return new HoldfastError('corrupt-file', {
    message: `${file} is missing: what could be read before the repair is not known, and nothing is proven.`,
    remedy: 'Run the same command again: it is counted anew, from the quarantine and what stayed.',
  });
}
