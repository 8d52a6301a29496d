import { join } from 'node:path';
import type { TsdbSurvey } from '../../model/tsdb-repair.ts';
import { isBlockName } from '../block-meta.ts';
import { quietFiles } from '../files/quiet-files.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { findWrongKinds } from '../files/wrong-kind.ts';
import { entriesIn, linkBlocker, type ListEntries, type WalMending } from '../head/wal-layout.ts';
import { surveyBlocks } from './survey-blocks.ts';
import { surveyHeadChunks } from './survey-head-chunks.ts';
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
  const blocks = surveyBlocks(files, listEntries, onRead);
  const wrongKinds = findWrongKinds(listEntries('.'));
  const strays = [...mendings.flatMap(({ aside }) => aside), ...blocks.strays, ...wrongKinds];
  const taken = new Set(strays.map(({ path }) => path));
  const blockers = [...mendings.flatMap(({ blockers }) => blockers), ...listLinks(listEntries)];
  const isBlocker = (path: string): boolean => blockers.some((blocker) => blocker.path === path);
  return {
    blocks: blocks.damaged,
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
