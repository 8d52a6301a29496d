import type { FoundProgram } from '../../adapters/packages/program-store.ts';
import { plural } from '../../model/counted.ts';
import { formatBytes } from '../../model/bytes.ts';
import type { BlockOnDisk } from '../../model/block.ts';
import type { Plan } from '../../model/plan.ts';
import type { ObservedSource, ObservedSources } from '../../model/stitch-facts.ts';
import type { StitchedBlocks, StitchPlace, StitchStep } from '../../model/stitch-step.ts';
import type { ResultRetention } from './result-retention.ts';
import { stitchFindings } from './stitch-findings.ts';

export interface StitchOrder {
  readonly run: string;
  /** Absolute path of the data directory that is made, and what is typed to confirm: the last part of it. */
  readonly into: string;
  readonly name: string;
  /** Absolute path of what stands beside it. */
  readonly work: string;
  /** The number of the source whose values count where they differ. */
  readonly winner: number | null;
  readonly linked: boolean;
  readonly retention: ResultRetention;
  /** The Prometheus that opens the result before it gets its place, or why there is none. */
  readonly opening: FoundProgram;
  readonly nowMs: number;
}

/** A block, and the first source that has it. */
export interface ChosenBlock {
  readonly block: BlockOnDisk;
  readonly source: number;
}

/**
 * What was observed, as steps: everything is made where no Prometheus looks for it, proved against all sources, and only
 * then gets its place. The winner's are taken first, so that what two sources have in common is never the loser's.
 */
export function planStitch(facts: ObservedSources, order: StitchOrder): Plan<StitchStep> {
  const { run, into } = order;
  const chosen = chooseBlocks(facts.sources, order.winner);
  const heads = facts.sources.flatMap((source, number) =>
    source.headBytes > 0 && facts.twins.headOf[number] === number ? [number] : [],
  );
  const steps: readonly StitchStep[] = [
    begin(facts, order),
    ...facts.sources.map((source, number) => count(source, number, order)),
    ...chosen.map((one) => takeBlock(one, facts, order)),
    ...heads.map((number) => writeHead(number, facts, order)),
    ...dropLosers({ chosen, heads }, facts, order),
    ...openResult(order),
    prove(facts, order),
    {
      ...safe('bind'),
      ...placeOf(order),
      kind: 'publish-stitch',
      title: `give the blocks their place in ${into}`,
      blocks: chosen.map(({ block }) => block.ulid),
      heads: heads.map((number) => fileOf(order, `head-${number}.json`)),
    },
  ];
  const findings = stitchFindings(facts, { ...order, chosen, heads });
  return { operation: 'stitch', stack: order.name, run, continues: false, steps, findings, differences: [] };
}

/** Each block once, by its name: the winner's first, then in the order of the sources and of time. */
export function chooseBlocks(sources: readonly ObservedSource[], winner: number | null): readonly ChosenBlock[] {
  const numbers = [...sources.keys()].filter((number) => number !== winner);
  const chosen = new Map<string, ChosenBlock>();
  for (const source of winner === null ? numbers : [winner, ...numbers]) {
    for (const block of sources[source]?.blocks ?? []) {
      if (!chosen.has(block.ulid)) chosen.set(block.ulid, { block, source });
    }
  }
  return [...chosen.values()];
}

function begin({ sources }: ObservedSources, order: StitchOrder): StitchStep {
  const { run, into, winner, nowMs: plannedAtMs } = order;
  const named = sources.map(({ directory, fingerprint }) => ({ directory, fingerprint }));
  return {
    ...safe('protect'),
    ...placeOf(order),
    kind: 'begin-stitch',
    title: `make ${into}, and write down what is made of what`,
    file: fileOf(order, 'manifest.json'),
    manifest: { format: 1, run, plannedAtMs, into, sources: named, winner },
  };
}

function count({ directory, fingerprint }: ObservedSource, number: number, order: StitchOrder): StitchStep {
  return {
    ...safe('inventory'),
    kind: 'count-source',
    title: `count ${directory}`,
    source: { directory, fingerprint },
    file: fileOf(order, `source-${number}.json`),
  };
}

function takeBlock({ block, source }: ChosenBlock, { sources }: ObservedSources, order: StitchOrder): StitchStep {
  const directory = sources[source]?.directory ?? '';
  const { ulid, sizeBytes } = block;
  const how = order.linked ? 'give a second name to' : 'copy';
  return {
    ...safe('create'),
    ...placeOf(order),
    kind: 'take-block',
    title: `${how} block ${ulid} (${formatBytes(sizeBytes)}) of ${directory}`,
    directory,
    block: ulid,
    sizeBytes,
    linked: order.linked,
  };
}

function writeHead(source: number, { sources }: ObservedSources, order: StitchOrder): StitchStep {
  const { directory = '', coveredToMs = null } = sources[source] ?? {};
  return {
    ...safe('create'),
    ...placeOf(order),
    kind: 'write-head',
    title: `write the head of ${directory} as blocks`,
    directory,
    source,
    coveredToMs,
    file: fileOf(order, `head-${source}.json`),
  };
}

interface Taken {
  readonly chosen: readonly ChosenBlock[];
  readonly heads: readonly number[];
}

/** Where there is something to be lost. A head that two sources share is the winner's. */
function dropLosers(
  { chosen, heads }: Taken,
  { union, twins, sources }: ObservedSources,
  order: StitchOrder,
): readonly StitchStep[] {
  const { winner } = order;
  if (winner === null || union === null || union.conflicts.samples === 0) return [];
  const winningHead = twins.headOf[winner];
  const split = (isWinning: boolean): StitchedBlocks => ({
    blocks: chosen.filter(({ source }) => (source === winner) === isWinning).map(({ block }) => block.ulid),
    heads: heads
      .filter((number) => (number === winningHead) === isWinning)
      .map((number) => fileOf(order, `head-${number}.json`)),
  });
  return [
    {
      ...safe('create'),
      ...placeOf(order),
      kind: 'drop-losers',
      title: `delete the ${plural(union.conflicts.samples, 'sample')} for which ${sources[winner]?.directory ?? ''} has another value`,
      winners: split(true),
      losers: split(false),
      file: fileOf(order, 'dropped.json'),
    },
  ];
}

function openResult(order: StitchOrder): readonly StitchStep[] {
  const { program } = order.opening;
  if (program === null) return [];
  return [
    {
      ...safe('prove'),
      ...placeOf(order),
      kind: 'open-result',
      title: `let Prometheus ${program.version} (${program.path}) open what was made`,
      run: order.run,
      file: fileOf(order, 'opened.json'),
    },
  ];
}

function prove({ sources }: ObservedSources, order: StitchOrder): StitchStep {
  return {
    ...safe('prove'),
    ...placeOf(order),
    kind: 'prove-stitch',
    title: 'count again, and prove that every sample of every source is there',
    run: order.run,
    sources: sources.map(({ directory, fingerprint }, number) => {
      return { directory, fingerprint, counted: fileOf(order, `source-${number}.json`) };
    }),
    winner: order.winner,
    opened: order.opening.program === null ? null : fileOf(order, 'opened.json'),
    file: fileOf(order, 'proof.json'),
  };
}

function placeOf({ into, run }: StitchOrder): StitchPlace {
  return { into, half: `${into}/${run}.tmp-for-creation` };
}

function fileOf({ work, run }: StitchOrder, name: string): string {
  return `${work}/${run}/${name}`;
}

function safe<P extends 'protect' | 'inventory' | 'create' | 'prove' | 'bind'>(phase: P) {
  return { phase, class: 'safe' } as const;
}
