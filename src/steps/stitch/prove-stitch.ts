import { dirname } from 'node:path';
import { findCountedSource, findOpenedResult, findStitchProof } from '../../data-root/stitch-files.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { writeFileAtomically } from '../../files/atomic-file.ts';
import type { Handler, StepContext } from '../../model/handler.ts';
import type { CountedSource, OpenedResult, ProveStitchStep, StitchProof } from '../../model/stitch-step.ts';
import type { TsdbInventory } from '../../model/tsdb-inventory.ts';
import type { TsdbUnion } from '../../model/tsdb-union.ts';
import { findDisagreement } from '../../rules/opened-windows.ts';
import { judgeUnionWindows, type JudgedWindows } from '../../rules/union-windows.ts';
import { notTheSame } from './not-opened.ts';
import { requireUnchanged, taskOptions, type StitchDependencies } from './stitch-dependencies.ts';

/**
 * Every sample of every source is in what was made, or lost to another one, and nothing else is. The second side is read
 * from the disk, and what a real Prometheus has answered of it must be the same. Throws `samples-lost` behind a proof that
 * says so and `witnesses-disagree` without one, and the blocks get no place.
 */
export function createProveStitchHandler({ runTask, now }: StitchDependencies): Handler<ProveStitchStep> {
  return {
    isDone: async ({ file, run }) => {
      const proof = await findStitchProof(file);
      return proof?.run === run && proof.lost === 0 && proof.added === 0;
    },
    apply: async (step, context) => {
      const counted = await Promise.all(step.sources.map(readCounted));
      const opened = step.opened === null ? null : await readOpened(step.opened, step.run);
      for (const source of step.sources) await requireUnchanged(source);
      const task = { kind: 'inventory', directory: step.half, settledMs: null } as const;
      const result = await runTask(task, taskOptions(context, step.half));
      const judged = judgeUnionWindows(
        counted.map(({ windows }) => windows),
        result.windows,
      );
      const union = await compareUnclear(step, judged, { runTask, context });
      const proof = assemble(step, { counted, result, judged, union, opened, nowMs: now() });
      const isGood = proof.lost === 0 && proof.added === 0;
      // Without a file: one that says that nothing is lost is a proof.
      if (isGood && opened !== null) refuseDisagreement(step, opened, result);
      await writeFileAtomically(step.file, `${JSON.stringify(proof, null, 2)}\n`, { mode: 0o600 });
      if (!isGood) throw notProved(proof, step);
    },
  };
}

async function readCounted({ counted, fingerprint }: ProveStitchStep['sources'][number]): Promise<CountedSource> {
  const found = await findCountedSource(counted);
  if (found?.fingerprint === fingerprint) return found;
  throw new HoldfastError('corrupt-file', {
    message: `${counted} is missing or of another moment: what the source held is not known, and nothing is proven.`,
    remedy: 'Remove it, then run the same command again.',
  });
}

async function readOpened(file: string, run: string): Promise<OpenedResult> {
  const found = await findOpenedResult(file);
  if (found?.run === run) return found;
  throw new HoldfastError('corrupt-file', {
    message: `${file} is missing or of another run: what a Prometheus has answered is not known, and nothing is proven.`,
    remedy: 'Remove it, then run the same command again.',
  });
}

function refuseDisagreement({ into, opened: file }: ProveStitchStep, opened: OpenedResult, { windows }: TsdbInventory) {
  const found = findDisagreement(opened.windows, windows);
  if (found !== undefined) throw notTheSame({ into, opened, file: file ?? '' }, found);
}

async function compareUnclear(
  { sources, winner, half }: ProveStitchStep,
  { unclear }: JudgedWindows,
  { runTask, context }: Pick<StitchDependencies, 'runTask'> & { readonly context: StepContext },
): Promise<TsdbUnion | undefined> {
  if (unclear.length === 0) return undefined;
  const directories = sources.map(({ directory }) => directory);
  const task = {
    kind: 'compare-union',
    directory: half,
    sources: directories,
    winner,
    result: half,
    windows: unclear,
  } as const;
  return runTask(task, taskOptions(context, half));
}

interface Proven {
  readonly counted: readonly CountedSource[];
  readonly result: TsdbInventory;
  readonly judged: JudgedWindows;
  readonly union: TsdbUnion | undefined;
  readonly opened: OpenedResult | null;
  readonly nowMs: number;
}

function assemble(step: ProveStitchStep, { counted, result, judged, union, opened, nowMs }: Proven): StitchProof {
  const sources = counted.map(({ directory, totals }, number) => {
    const found = union?.sources[number];
    const kept = (judged.settled[number] ?? 0) + (found?.kept ?? 0);
    const dropped = found?.dropped ?? 0;
    // What was not met a second time is not there any more, whatever the reason.
    const lost = Math.max(found?.lost ?? 0, totals.samples + totals.staleMarkers - kept - dropped);
    return { directory, totals, kept, dropped, lost, windows: found?.windows ?? [] };
  });
  const { series, samples, staleMarkers } = result.totals;
  const { winner } = step;
  return {
    format: 1,
    run: step.run,
    into: step.into,
    provedAtMs: nowMs,
    wins: winner === null ? null : (step.sources[winner]?.directory ?? null),
    holds: { series, samples, staleMarkers },
    opened:
      opened === null ? null : { program: opened.program, version: opened.version, windows: opened.windows.length },
    sources,
    lost: sources.reduce((sum, { lost }) => sum + lost, 0),
    added: union?.added ?? 0,
  };
}

function notProved({ lost, added, into, sources }: StitchProof, { half, file }: ProveStitchStep): HoldfastError {
  const losers = sources.filter((source) => source.lost > 0).map(({ directory }) => directory);
  const remedy = `Keep the sources, and say what happened; to make it anew, remove ${half} and ${dirname(dirname(file))}, then run the same command again.`;
  if (lost > 0) {
    return new HoldfastError('samples-lost', {
      message: `${lost} samples of ${losers.join(', ')} are not in what was made for ${into}. It was not put in its place, and the sources are as they were.`,
      remedy,
      details: { lost, added },
    });
  }
  return new HoldfastError('not-decided', {
    message: `What was made for ${into} holds ${added} samples that no source holds. It was not put in its place, and the sources are as they were.`,
    remedy,
    details: { added },
  });
}
