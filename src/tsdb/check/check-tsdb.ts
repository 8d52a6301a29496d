import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BlockMeta } from '../../model/block.ts';
import type { TsdbFinding } from '../../model/tsdb-inventory.ts';
import { isBlockName } from '../block-meta.ts';
import { findLeftBehind } from '../compare/left-behind.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { findWrongKinds } from '../files/wrong-kind.ts';
import { findSnapshotBeyondWal, listSnapshots } from '../head/chunk-snapshot.ts';
import { findNamelessChunks } from '../head/nameless-chunks.ts';
import { entriesIn, entriesOf } from '../head/wal-layout.ts';
import type { CheckedBlock } from '../threads/helper-task.ts';
import { checkBlockSet } from './block-set.ts';
import { checkOne } from './check-blocks.ts';
import type { CheckContext } from './check-context.ts';
import { CheckReport } from './check-report.ts';
import { checkHeadChunks } from './head-chunks-check.ts';
import { findFalselyMarked } from './find-false-markers.ts';
import { findLeftovers } from './leftovers.ts';
import { checkOwnership } from './ownership.ts';
import { checkSnapshot, checkWal } from './wal-check.ts';
import { walkDirectory, type Walk } from './walk-directory.ts';

export interface CheckTsdbOptions {
  /** The data directory itself, for names, owners and modes. */
  readonly directory: string;
  /** Its content: as it lies there, or a consistent view where somebody writes to it. */
  readonly files: TsdbFiles;
  readonly isLive: boolean;
  readonly onRead: (bytes: number) => void;
}

export interface HelpedCheckOptions extends CheckTsdbOptions {
  /** In whichever order and by whichever threads. */
  readonly checkBlocks: (
    context: Omit<CheckContext, 'report'>,
    names: readonly string[],
  ) => Promise<readonly CheckedBlock[]>;
}

export interface CheckedTsdb {
  readonly errors: number;
  readonly findings: readonly TsdbFinding[];
  /** Blocks whose meta.json can be read. */
  readonly blocks: readonly BlockMeta[];
}

/** Reads every byte of a data directory and tells what is wrong with it. Synchronous: call it where it may block. */
export function checkTsdb(options: CheckTsdbOptions): CheckedTsdb {
  const { context, walk } = begin(options);
  const checked = listBlockNames(walk, context).map((name, number) => checkOne(context, name, number));
  return finish(options, { context, checked });
}

/** As `checkTsdb`, with blocks that are checked elsewhere: the same findings come out, in the same order. */
export async function checkTsdbHelped(options: HelpedCheckOptions): Promise<CheckedTsdb> {
  const { context, walk } = begin(options);
  const checked = await options.checkBlocks(context, listBlockNames(walk, context));
  return finish(options, { context, checked });
}

function begin({ directory, files, isLive, onRead }: CheckTsdbOptions): { context: CheckContext; walk: Walk } {
  const report = new CheckReport();
  const isThere = (path: string): boolean => existsSync(join(directory, path));
  const listEntries = isLive ? entriesOf(files) : entriesIn(directory);
  const context: CheckContext = { files, report, onRead, isLive, isThere, listEntries };
  const walk = walkDirectory(directory);
  checkOwnership(walk, report);
  const links = files.listLinks();
  for (const path of links) report.link(path);
  const strays = tellWrongKinds(walk, report);
  findLeftovers(walk, { report, isLive, told: [...links, ...strays] });
  return { context, walk };
}

/** Returns their paths. */
function tellWrongKinds({ entries }: Walk, report: CheckReport): readonly string[] {
  report.remedy = 'Run `holdfast repair` on the directory, which moves it aside, before Prometheus is started on it.';
  const found = findWrongKinds(entries.filter(({ path }) => !path.includes('/')));
  for (const { path, why } of found) report.error('stray-segment', { file: path }, `${path} ${why}.`);
  return found.map(({ path }) => path);
}

interface Checked {
  readonly context: CheckContext;
  readonly checked: readonly CheckedBlock[];
}

/** What is not in blocks, and the findings of all in the order in which they are told. */
function finish({ files, isLive, onRead }: CheckTsdbOptions, { context, checked }: Checked): CheckedTsdb {
  const { report } = context;
  const inOrder = [...checked].sort((one, other) => one.number - other.number);
  for (const { findings } of inOrder) report.addState(findings);
  const blocks = inOrder.flatMap(({ meta }) => (meta === null ? [] : [meta]));
  checkBlockSet(blocks, report);
  report.guard('.', () => {
    for (const left of findLeftBehind(files, onRead)) report.leftBehind(left);
  });
  report.guard('wal', () => checkWal(context, 'wal'));
  report.guard('wbl', () => checkWal(context, 'wbl'));
  report.guard('chunks_head', () => checkHeadChunks(context));
  report.guard('wbl', () => {
    // A Prometheus that runs still has them in memory, and writes them to the disk when it stops.
    const marked = isLive ? undefined : findFalselyMarked(files);
    if (marked !== undefined) report.falselyMarked(marked);
  });
  for (const { name } of listSnapshots(files)) checkSnapshot(context, name);
  report.guard('wal', () => {
    const beyond = findSnapshotBeyondWal(files);
    if (beyond !== undefined) report.snapshotBeyondWal(beyond);
  });
  report.guard('chunks_head', () => {
    const nameless = findNamelessChunks(files);
    if (nameless !== undefined) report.namelessChunks(nameless);
  });
  return { errors: report.errors, findings: report.list(), blocks };
}

/**
 * Those of the view, and those without a meta.json, which no view holds. A whole block that is in no view of a live
 * directory has come since. Prometheus follows no symlink to a block.
 */
function listBlockNames(walk: Walk, { files, isLive, isThere }: CheckContext): readonly string[] {
  const top = walk.entries.filter(({ path }) => isBlockName(path));
  const others = new Set(top.filter(({ kind }) => kind !== 'directory').map(({ path }) => path));
  const directories = top.filter(({ kind }) => kind === 'directory').map(({ path }) => path);
  // In this order: a block is renamed as a whole before it is deleted.
  const named = directories.filter((name) => (!isLive || !isThere(join(name, 'meta.json'))) && isThere(name));
  const held = files.list('.').filter((name) => isBlockName(name) && !others.has(name));
  return [...new Set([...named, ...held])].sort();
}
