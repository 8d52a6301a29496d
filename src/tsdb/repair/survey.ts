import { join } from 'node:path';
import type { BlockMeta } from '../../model/block.ts';
import type { BlockCounts, DamagedBlock, TsdbSurvey } from '../../model/tsdb-repair.ts';
import { isBlockName } from '../block-meta.ts';
import { readMetas } from '../block/read-metas.ts';
import { quietFiles } from '../files/quiet-files.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { entriesIn, linkBlocker, type ListEntries, type WalMending } from '../head/wal-layout.ts';
import { listNumbered, readHeadChunks } from '../head/head-chunks.ts';
import { chooseHeldByHead } from './choose-kept.ts';
import { isSuccessor } from './is-successor.ts';
import { successorOf, surveyBlock, type SurveyedBlock } from './survey-block.ts';
import { surveyWal } from './survey-wal.ts';

/**
 * Looks for everything that a Prometheus refuses to start on, fails over later, or throws away at its start, and says of
 * each what can be kept. Reads all bytes and writes none. Synchronous, for a thread of its own.
 */
export function surveyTsdb(directory: string, onRead: (bytes: number) => void): TsdbSurvey {
  const files = quietFiles(directory);
  const listEntries = entriesIn(directory);
  const logs = (['wal', 'wbl'] as const).map((name) => surveyWal({ files, listEntries, onRead }, name));
  const mendings = logs.map(({ mending }) => mending);
  const strays = mendings.flatMap(({ aside }) => aside);
  const taken = new Set(strays.map(({ path }) => path));
  const blockers = [...mendings.flatMap(({ blockers }) => blockers), ...listLinks(listEntries)];
  const isBlocker = (path: string): boolean => blockers.some((blocker) => blocker.path === path);
  return {
    blocks: surveyBlocks(files, listEntries, onRead),
    segments: logs.flatMap(({ segments }) => segments),
    strays,
    checkpoints: mendings.flatMap(({ checkpoint }) => checkpoint ?? []),
    renames: mendings.flatMap(({ renames }) => renames),
    holes: mendings.flatMap(({ holes }) => holes),
    headChunks: surveyHeadChunks(files, onRead),
    leftovers: listLeftovers(files).filter((path) => !taken.has(path)),
    blockers,
    links: files.listLinks().filter((path) => !isBlocker(path)),
    notes: logs.flatMap(({ notes }) => notes),
  };
}

function surveyBlocks(files: TsdbFiles, listEntries: ListEntries, onRead: (bytes: number) => void) {
  const metaDamages = new Map<string, string>();
  const metas = readMetas(files, ({ file, damage }) => {
    // What may not be looked at may be whole, and is not moved.
    if (damage.rule === 'unreadable') throw damage.cause;
    metaDamages.set(file.split('/')[0] ?? '', `${file}: ${damage.message}`);
  });
  const byName = new Map<string, BlockMeta>(metas.map((meta) => [meta.ulid, meta]));
  const names = listEntries('.').flatMap(({ name, kind }) => (kind === 'directory' && isBlockName(name) ? [name] : []));
  const damaged = names.sort().flatMap((ulid) => {
    return surveyBlock({ files, ulid, meta: byName.get(ulid), metaDamage: metaDamages.get(ulid), onRead }) ?? [];
  });
  const broken = new Set(damaged.map(({ ulid }) => ulid));
  // Prometheus removes what a block names as its parents; of a damaged one they may be all that is left.
  const whole = metas.filter(({ ulid }) => !broken.has(ulid));
  const replaced = new Set(whole.flatMap(({ parents }) => parents));
  const isReplaced = ({ ulid }: SurveyedBlock) => replaced.has(ulid) || byName.get(ulid)?.deletable === true;
  const keepable = damaged.filter((block) => !isReplaced(block) && block.found.chunks > 0);
  const keepableNames = new Set(keepable.map(({ ulid }) => ulid));
  const inHead = chooseHeldByHead({
    files,
    metas: metas.filter(({ ulid }) => !broken.has(ulid) || keepableNames.has(ulid)),
    blocks: keepable,
    onRead,
  });
  return damaged.map((block): DamagedBlock => {
    const { ulid, damages, damageCount, counted, times, undeletes, found, shape } = block;
    const said = { ulid, damages, damageCount, counted, times, undeletes, isReplaced: isReplaced(block) };
    const held = inHead.get(ulid) ?? null;
    if (held !== null || !keepableNames.has(ulid)) return { ...said, inHead: held, keep: null };
    const { series, chunks, samples } = found;
    const counts = { series, chunks, samples };
    const keep = { ...counts, shape, to: chooseName(block, counts, { files, listEntries, onRead }) };
    return { ...said, inHead: null, keep };
  });
}

/** That of a block which holds just what would be written, or one that nothing has yet, half-made or whole. */
function chooseName(
  { ulid, shape, counted }: SurveyedBlock,
  counts: BlockCounts,
  {
    files,
    listEntries,
    onRead,
  }: { readonly files: TsdbFiles; readonly listEntries: ListEntries; readonly onRead: (bytes: number) => void },
): string {
  const taken = listEntries('.').map(({ name }) => name);
  for (let attempt = 0; ; attempt += 1) {
    const to = successorOf(ulid, attempt);
    if (!taken.some((name) => name.startsWith(to))) return to;
    if (
      isSuccessor({ block: ulid, series: counted?.series ?? null, to, shape, counts }, { from: files, files, onRead })
    )
      return to;
  }
}

/**
 * From the first damaged file on, as Prometheus deletes them: the samples in them are in the WAL too, and would not be
 * replayed while a later chunk of the same series is there (head.go loadMmappedChunks).
 */
function surveyHeadChunks(files: TsdbFiles, onRead: (bytes: number) => void): readonly string[] {
  const names = listNumbered(files, 'chunks_head');
  const damaged: string[] = [];
  readHeadChunks(files, { onChunk: () => undefined, onDamage: (file) => damaged.push(file), onRead });
  const paths = names.map((name) => join('chunks_head', name));
  const gap = names.findIndex((name, index) => index > 0 && Number(name) !== Number(names[index - 1]) + 1);
  const firstDamaged = paths.findIndex((path) => damaged.includes(path));
  const from = [gap, firstDamaged].filter((index) => index !== -1).sort((one, other) => one - other)[0];
  return from === undefined ? [] : paths.slice(from);
}

/** db.go isTmpDir: what was being made or deleted when its writer died. */
function listLeftovers(files: TsdbFiles): readonly string[] {
  const blocks = files
    .list('.')
    .filter(
      (name) => isBlockName(name.slice(0, 26)) && /^\.tmp-for-(?:creation|deletion)$|^\.tmp$/.test(name.slice(26)),
    );
  const checkpoints = files.list('wal').filter((name) => /^checkpoint\.\d+\.tmp$/.test(name));
  return [...blocks, ...checkpoints.map((name) => join('wal', name))];
}

/** Prometheus follows those, so that what is behind them is no damage; and we follow none. */
function listLinks(listEntries: ListEntries): WalMending['blockers'] {
  const linksIn = (path: string, isRead: (name: string) => boolean) =>
    listEntries(path).flatMap(({ name, kind }) =>
      kind === 'link' && isRead(name) ? [linkBlocker(join(path, name))] : [],
    );
  const blocks = listEntries('.').flatMap(({ name, kind }) =>
    kind === 'directory' && isBlockName(name) ? [name] : [],
  );
  return [
    ...linksIn('.', (name) => name === 'chunks_head'),
    ...linksIn('chunks_head', (name) => /^\d+$/.test(name)),
    ...blocks.flatMap((block) => linksIn(block, (name) => partsOfBlock.has(name))),
    ...blocks.flatMap((block) => linksIn(join(block, 'chunks'), (name) => /^\d+$/.test(name))),
  ];
}

const partsOfBlock: ReadonlySet<string> = new Set(['meta.json', 'index', 'chunks', 'tombstones']);
