import type { Plan } from '../model/plan.ts';
import type { QuarantineEntry, QuarantineManifest, RepairedBlock, RepairStep } from '../model/repair-step.ts';
import type { DamagedBlock, DamagedSegment, TsdbSurvey } from '../model/tsdb-repair.ts';
import { repairFindings } from './repair-findings.ts';

export interface RepairOrder {
  readonly run: string;
  /** What is typed to confirm: the stack's name, or that of the directory. */
  readonly name: string;
  /** Absolute path of the data directory. */
  readonly directory: string;
  /** Absolute path of what stands beside it. */
  readonly quarantine: string;
  readonly nowMs: number;
}

/**
 * What a survey found, as steps: what is kept is whole in its new place before anything leaves its old one, and nothing is
 * deleted. No steps where nothing is damaged.
 */
export function planRepair(survey: TsdbSurvey, order: RepairOrder): Plan<RepairStep> {
  const folder = `${order.quarantine}/${order.run}`;
  const changes = survey.blockers.length > 0 ? [] : planChanges(survey, order);
  const { run, directory } = order;
  const before = `${folder}/before.json`;
  const made = listMade(survey);
  const steps: readonly RepairStep[] = [
    {
      ...safe('protect'),
      kind: 'write-manifest',
      title: `write ${folder}/manifest.json`,
      file: `${folder}/manifest.json`,
      manifest: manifestOf(survey, order),
    },
    {
      ...safe('inventory'),
      kind: 'count-before',
      title: `count what can be read of ${directory}`,
      directory,
      folder,
      made,
      file: before,
    },
    ...changes,
    {
      ...safe('prove'),
      kind: 'prove-repair',
      title: 'compare with what could be read before, and say what was kept and what is gone',
      run,
      directory,
      folder,
      made,
      before,
      file: `${folder}/proof.json`,
      blocks: survey.blocks.map(repairedBlock),
      segments: survey.segments.map(({ path, recordsKept, bytesLost }) => ({ path, recordsKept, bytesLost })),
    },
  ];
  return {
    operation: 'repair',
    stack: order.name,
    run,
    continues: false,
    steps: changes.length === 0 ? [] : steps,
    findings: repairFindings(survey, directory),
    differences: [],
  };
}

/** What is in the way goes first, also what a killed writer left half-made; then nothing is made over anything. */
function planChanges(survey: TsdbSurvey, order: RepairOrder): readonly RepairStep[] {
  const { blocks, segments, strays, checkpoints, renames, holes, headChunks, leftovers } = survey;
  return [
    ...leftovers.map((path) => moveAside(path, order)),
    ...blocks.flatMap((block) => planBlock(block, order)),
    ...segments.map((segment) => planSegment(segment, order)),
    ...strays.map(({ path }) => moveAside(path, order)),
    ...checkpoints.map((path) => planCheckpoint(path, order)),
    ...renames.map((rename) => planRename(rename, order)),
    ...holes.map((path) => planHole(path, order)),
    ...headChunks.map((path) => moveAside(path, order)),
  ];
}

/** Everything that a plan makes under a name that nothing had before, below the data directory. */
function listMade({ blocks, strays, checkpoints, renames, holes }: TsdbSurvey): readonly string[] {
  const made = [
    ...blocks.flatMap(({ keep }) => keep?.to ?? []),
    ...checkpoints,
    ...renames.map(({ to }) => to),
    ...holes,
  ];
  const taken = new Set(strays.map(({ path }) => path));
  return made.filter((path) => !taken.has(path));
}

function manifestOf(survey: TsdbSurvey, { run, directory, nowMs }: RepairOrder): QuarantineManifest {
  const { blocks, segments, strays, headChunks, leftovers, renames } = survey;
  const entries = [
    ...blocks.map(blockEntry),
    ...segments.map(({ path, damages }) => entryOf(path, damages, path)),
    ...strays.map(({ path, why }) => entryOf(path, [why])),
    ...headChunks.map((path) => entryOf(path, ['a head chunk file is damaged, and what is in it is in the WAL too'])),
    ...leftovers.map((path) => entryOf(path, ['its writer died before it was finished'])),
  ];
  return { format: 1, run, plannedAtMs: nowMs, directory, entries, made: listMade(survey), renames };
}

function planBlock({ ulid, keep, counted, isNumbered }: DamagedBlock, order: RepairOrder): readonly RepairStep[] {
  const aside = moveAside(ulid, order);
  if (keep === null) return [aside];
  const { to, shape, series, chunks, samples } = keep;
  const title = `write block ${to} with the ${samples} samples in ${chunks} chunks of ${series} series that are whole in ${ulid}`;
  return [
    {
      ...safe('create'),
      kind: 'rewrite-block',
      title,
      directory: order.directory,
      block: ulid,
      original: quarantined(ulid, order),
      to,
      shape,
      series: counted?.series ?? null,
      isNumbered,
      keeps: { series, chunks, samples },
    },
    aside,
  ];
}

function planSegment({ path, recordsKept, bytesLost }: DamagedSegment, order: RepairOrder): RepairStep {
  return {
    ...safe('create'),
    kind: 'rewrite-segment',
    title: `write ${path} anew with its ${recordsKept} whole records, without ${bytesLost} damaged bytes; the original goes to the quarantine`,
    directory: order.directory,
    path,
    original: quarantined(path, order),
    recordsKept,
    bytesLost,
  };
}

function planHole(path: string, { directory }: RepairOrder): RepairStep {
  return {
    ...safe('create'),
    kind: 'fill-hole',
    title: `make ${path}, empty, where a segment is missing`,
    path: `${directory}/${path}`,
  };
}

function planCheckpoint(path: string, { directory }: RepairOrder): RepairStep {
  return {
    ...safe('create'),
    kind: 'make-checkpoint',
    title: `make ${path}, with an empty segment, in the place of all that came before the first segment`,
    path: `${directory}/${path}`,
  };
}

function planRename({ from, to }: TsdbSurvey['renames'][number], { directory }: RepairOrder): RepairStep {
  return {
    ...safe('create'),
    kind: 'rename-segment',
    title: `rename ${from} to ${to}, where it is read`,
    from: `${directory}/${from}`,
    to: `${directory}/${to}`,
  };
}

function moveAside(path: string, order: RepairOrder): RepairStep {
  const to = quarantined(path, order);
  return {
    kind: 'move-aside',
    phase: 'remove',
    class: 'disruptive',
    title: `move ${path} to ${to}`,
    from: `${order.directory}/${path}`,
    to,
  };
}

function quarantined(path: string, { quarantine, run }: RepairOrder): string {
  return `${quarantine}/${run}/${path}`;
}

function safe<P extends 'protect' | 'inventory' | 'create' | 'prove'>(phase: P) {
  return { phase, class: 'safe' } as const;
}

function entryOf(path: string, why: readonly string[], replacedBy: string | null = null): QuarantineEntry {
  return { path, movedTo: path, why, replacedBy };
}

function blockEntry({ ulid, damages, keep }: DamagedBlock): QuarantineEntry {
  return entryOf(ulid, damages, keep?.to ?? null);
}

function repairedBlock({ ulid, keep, inHead, counted, times, isReplaced, undeletes }: DamagedBlock): RepairedBlock {
  const { series, chunks, samples } = keep ?? inHead ?? { series: 0, chunks: 0, samples: 0 };
  const kept = { series, chunks, samples };
  return {
    ulid,
    to: keep?.to ?? null,
    counted,
    times,
    kept,
    isInHead: inHead !== null,
    isReplaced,
    undeleted: undeletes && keep !== null,
  };
}
