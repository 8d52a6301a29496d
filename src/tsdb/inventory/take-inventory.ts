import { join } from 'node:path';
import type { BlockMeta } from '../../model/block.ts';
import type { TsdbFinding, TsdbInventory } from '../../model/tsdb-inventory.ts';
import { checkChunkFiles } from '../block/check-chunk-files.ts';
import { areInPlace } from '../block/chunk-files.ts';
import { sizeOfBlock } from '../block/block-size.ts';
import { findLeftBehind } from '../compare/left-behind.ts';
import type { SharedFiles } from '../files/held-files.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { Findings, type FindingsState } from '../findings.ts';
import { findSnapshotBeyondWal } from '../head/chunk-snapshot.ts';
import { listHiddenChunks } from '../head/hidden-chunks.ts';
import { findNamelessChunks } from '../head/nameless-chunks.ts';
import { entriesOf, surveyLayout } from '../head/wal-layout.ts';
import type { CountUnitsTask, StartHelper } from '../threads/helper-task.ts';
import { SharedWork, telling } from '../threads/shared-work.ts';
import { listSharedWindows, planUnits, type BlockUnit } from './block-units.ts';
import { TsdbCounting } from './count-tsdb.ts';

export interface TakeInventoryOptions {
  readonly files: TsdbFiles;
  /** Null where nobody writes; else a moment up to which everything is on the disk. */
  readonly settledMs: number | null;
  /** The window that it falls into is counted up to it besides; else up to `settledMs`. */
  readonly cutMs?: number | null;
  readonly onRead: (bytes: number) => void;
  /** How many late samples are kept at once; for tests. */
  readonly mostLate?: number;
}

/** Counts a TSDB and says up to when it is complete, and what could not be read. Synchronous, for a thread of its own. */
export function takeInventory(options: TakeInventoryOptions): TsdbInventory {
  const findings = new SectionedFindings();
  const counting = begin(options, findings);
  findings.in(1, () => counting.walk.countBlocks(counting.walk.blocks));
  findings.in(2, () => counting.walk.countHead());
  return finish(counting, findings, options);
}

export interface HelpedOptions extends TakeInventoryOptions {
  readonly directory: string;
  /** Null where files are opened when they are needed. */
  readonly shared: SharedFiles | null;
  readonly startHelper: StartHelper;
  /** Smaller ones are counted alone: a thread takes its time to start. */
  readonly fewestBytes?: number;
}

/** A thread needs about as long to start as it takes to count so much. */
const defaultFewestBytes = 32 << 20;
const largestPart = 48 << 20;

/** As `takeInventory`, with the help of another thread where that is worth it: the same inventory comes out. */
export async function takeInventoryHelped(options: HelpedOptions): Promise<TsdbInventory> {
  const { fewestBytes = defaultFewestBytes } = options;
  const work = new SharedWork();
  const tellBytes = (): void => options.onRead(work.takeNewBytes());
  const onRead = (bytes: number): void => {
    work.addBytes(bytes);
    tellBytes();
  };
  const findings = new SectionedFindings();
  const counting = begin({ ...options, onRead }, findings);
  const { planned, others, otherBytes } = plan(counting, options, Math.min(largestPart, fewestBytes));
  const isWorthIt = others.length > 1 && otherBytes >= fewestBytes;
  const helping = isWorthIt ? options.startHelper(taskOf(options, { counting, others, work })) : undefined;
  // It is awaited only at the end, and may fail before.
  helping?.catch(() => undefined);
  findings.in(planned.length + 1, () => counting.walk.countHead());
  const count = (unit: BlockUnit): void =>
    findings.in(1 + planned.indexOf(unit), () => counting.walk.countBlocks(unit.blocks, unit.part));
  planned.filter(({ isHome }) => isHome).forEach(count);
  for (let number = work.takeUnit(); number < others.length; number = work.takeUnit())
    count(others[number] as BlockUnit);
  const helped = helping === undefined ? undefined : await telling(helping, tellBytes);
  if (helped !== undefined) {
    counting.add(helped.tally);
    for (const [unit, state] of helped.findings) findings.put(1 + planned.indexOf(others[unit] as BlockUnit), state);
  }
  return finish(counting, findings, options);
}

function plan({ walk }: TsdbCounting, { files, cutMs, settledMs }: TakeInventoryOptions, partBytes: number) {
  const sizes = new Map(walk.blocks.map((block) => [block.ulid, sizeOfBlock(files, block.ulid)]));
  const size = ({ ulid }: BlockMeta): number => sizes.get(ulid) ?? 0;
  const planned = planUnits({
    blocks: walk.blocks,
    sizeOf: size,
    isDivisible: ({ ulid }) => areFilesGood(files, ulid),
    headFromMs: walk.minValidMs,
    cutMs: cutMs ?? settledMs,
    partBytes,
  });
  const others = planned.filter(({ isHome }) => !isHome);
  const otherBlocks = new Set(others.flatMap(({ blocks }) => blocks));
  return { planned, others, otherBytes: [...otherBlocks].reduce((sum, block) => sum + size(block), 0) };
}

/** What is wrong with a file of chunks as a whole is told once, by whoever reads all of them (chunk-segments.ts). */
function areFilesGood(files: TsdbFiles, ulid: string): boolean {
  const directory = join(ulid, 'chunks');
  let areGood = areInPlace(files.list(directory));
  checkChunkFiles(files, directory, () => (areGood = false));
  return areGood;
}

interface Sharing {
  readonly counting: TsdbCounting;
  readonly others: readonly BlockUnit[];
  readonly work: SharedWork;
}

function taskOf({ directory, shared, cutMs, settledMs }: HelpedOptions, sharing: Sharing): CountUnitsTask {
  const { counting, others, work } = sharing;
  return {
    kind: 'count-units',
    directory,
    files: shared,
    work: work.cells,
    units: others,
    sharedWindows: listSharedWindows(counting.walk.blocks),
    cutMs: cutMs ?? settledMs,
    late: counting.walk.late.share(),
    conflicts: counting.walk.conflicts.share(),
    headFromMs: counting.walk.headFromMs,
  };
}

/** The findings of the parts of a walk, in the order of the parts, in whichever they are counted. */
class SectionedFindings {
  private readonly sections = new Map<number, Findings>();
  current = this.at(0);

  in(section: number, action: () => void): void {
    this.current = this.at(section);
    action();
    this.current = this.at(0);
  }

  put(section: number, state: FindingsState): void {
    this.at(section).addState(state);
  }

  list(): readonly TsdbFinding[] {
    const all = new Findings();
    for (const [, findings] of [...this.sections].sort(([one], [other]) => one - other)) {
      all.addState(findings.takeState());
    }
    return all.list();
  }

  private at(section: number): Findings {
    let findings = this.sections.get(section);
    if (findings === undefined) this.sections.set(section, (findings = new Findings()));
    return findings;
  }
}

function begin({ files, settledMs, cutMs, onRead, mostLate }: TakeInventoryOptions, findings: SectionedFindings) {
  for (const path of files.listLinks()) findings.current.addLink(path);
  const beyond = findSnapshotBeyondWal(files);
  if (beyond !== undefined) findings.current.addSnapshotBeyondWal(beyond);
  for (const log of ['wal', 'wbl'] as const) {
    for (const fault of surveyLayout(entriesOf(files), log).faults) findings.current.addWalFault(fault);
  }
  for (const hidden of settledMs === null ? listHiddenChunks(files) : []) findings.current.addHiddenChunks(hidden);
  const nameless = findNamelessChunks(files);
  if (nameless !== undefined) findings.current.addNamelessChunks(nameless);
  for (const left of findLeftBehind(files, onRead)) findings.current.addLeftBehind(left);
  return new TsdbCounting({
    files,
    cutMs: cutMs ?? settledMs,
    ...(mostLate !== undefined && { mostLate }),
    events: {
      onBlockDamage: (damage) => findings.current.addBlockDamage(damage),
      onHeadDamage: (path, damage, isTorn) => findings.current.addHeadDamage(path, damage, isTorn),
      onConflict: (conflict) => findings.current.addConflict(conflict),
      onHole: (missing, unread) => findings.current.addHole(missing, unread),
      onStrangers: (samples) => findings.current.addStrangers(samples),
      onDropped: (directory, dropped) => findings.current.addDropped(directory, dropped),
      onDoubtful: (doubtful) => findings.current.addDoubtful(doubtful),
      onLateConflicts: (conflicts) => findings.current.addLateConflicts(conflicts),
      onRead,
    },
  });
}

function finish(
  counting: TsdbCounting,
  sections: SectionedFindings,
  { settledMs }: TakeInventoryOptions,
): TsdbInventory {
  const { totals, windows, jobs, cut, outOfOrder, conflicts, blocks } = counting.finish();
  const findings = sections.list();
  const newestMs = windows.reduce((newest, { lastMs }) => Math.max(newest, lastMs ?? newest), -Infinity);
  const completeToMs = newestMs === -Infinity ? null : Math.min(newestMs, settledMs ?? newestMs);
  return { completeToMs, totals, windows, jobs, cut, outOfOrder, conflicts, blocks, findings };
}
