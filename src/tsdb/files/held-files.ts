import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { isBlockName } from '../block-name.ts';
import { Damage, type DamageRule } from '../damage.ts';
import { findUnreadable } from './unreadable.ts';
import { listSnapshots } from '../head/chunk-snapshot.ts';
import { findLinks, listNames } from './links.ts';
import { openRegularFile } from './open-regular-file.ts';
import type { OpenedFile, TsdbFiles } from './tsdb-files.ts';

/** A consistent view of a data directory that a Prometheus writes to. To be closed. */
export interface HeldFiles extends TsdbFiles {
  /** Of all files together. */
  readonly sizeBytes: number;
  close(): void;
  /** The same view for another thread of this process, as long as this one is not closed. */
  share(): SharedFiles;
}

/** Descriptors belong to the process, so that threads can read from the same ones. */
export interface SharedFiles {
  readonly held: ReadonlyMap<string, Held>;
  readonly refused: ReadonlyMap<string, Refusal>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly links: readonly string[];
}

/** Why a file could not be opened, as it can be told to another thread. */
type Refusal =
  | { readonly rule: DamageRule; readonly message: string; readonly offset: number }
  | { readonly code: string | undefined; readonly syscall: string | undefined; readonly message: string };

export interface Held {
  readonly descriptor: number;
  readonly sizeBytes: number;
}

/**
 * Opens every file at once and reads each up to the size that it has now: what Prometheus deletes meanwhile stays readable
 * through its descriptor, and nothing is written anywhere. WAL first, then head chunks, then blocks: what moves from one
 * to the next in between is in both, and is counted once (docs/format/digest.md). Of `head`, everything but the
 * blocks and the links. A block that may not be looked into is refused when it is opened, or at once.
 */
export function holdFiles(
  directory: string,
  parts: 'all' | 'head' = 'all',
  closedBlocks: 'refused' | 'thrown' = 'refused',
): HeldFiles {
  const held = new Map<string, Held>();
  const refused = new Map<string, Refusal>();
  const lists = new Map<string, readonly string[]>();
  const list = (path: string): readonly string[] => {
    const names = listNames(directory, path);
    lists.set(path, names);
    return names;
  };
  const hold = (path: string): void => {
    if (held.has(path) || refused.has(path)) return;
    try {
      held.set(path, openRegularFile(directory, path));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EMFILE' || code === 'ENFILE') throw error;
      // Deleted since it was listed: whatever it held has moved on to what is opened later.
      if (!(error instanceof Damage && error.rule === 'missing')) refused.set(path, refusalOf(error));
    }
  };
  /** As with a block without its meta.json, the others can be read all the same. */
  const refuseClosed = (name: string, error: unknown): void => {
    if (closedBlocks === 'thrown' || findUnreadable(error) === undefined) throw error;
    const meta = join(name, 'meta.json');
    const opened = held.get(meta);
    if (opened !== undefined) closeSync(opened.descriptor);
    held.delete(meta);
    refused.set(meta, refusalOf(error));
  };
  /** Prometheus renames a block as a whole before it deletes it: one that is still there has lost its meta.json otherwise. */
  const refuseHeadless = (name: string): void => {
    const meta = join(name, 'meta.json');
    if (held.has(meta) || refused.has(meta) || !holdsFiles(directory, name)) return;
    refused.set(meta, { rule: 'missing', message: 'is not there, though the block is', offset: 0 });
  };
  const links = parts === 'all' ? findLinks(directory) : [];
  try {
    for (const log of ['wal', 'wbl']) holdLog(log, list, hold);
    for (const name of list('chunks_head')) if (/^\d+$/.test(name)) hold(join('chunks_head', name));
    if (parts === 'all') {
      holdBlocks(list, hold, refuseClosed);
      for (const name of (lists.get('.') ?? []).filter(isBlockName)) refuseHeadless(name);
    }
    for (const { name } of listSnapshots({ list: (path) => lists.get(path) ?? [] })) {
      for (const part of list(name)) hold(join(name, part));
    }
  } catch (error) {
    closeAll(held);
    throw error;
  }
  return {
    sizeBytes: [...held.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    ...viewShared({ held, refused, lists, links }),
    share: () => ({ held, refused, lists, links }),
    close: () => closeAll(held),
  };
}

/** True for a block with any of its own files, by the names of now. */
function holdsFiles(directory: string, name: string): boolean {
  const files = listNames(directory, name);
  return files.includes('index') || listNames(directory, join(name, 'chunks')).some((file) => /^\d+$/.test(file));
}

/** What another thread holds. */
export function viewShared({ held, refused, lists, links }: SharedFiles): TsdbFiles {
  return {
    list: (path) =>
      (lists.get(path) ?? []).filter((name) =>
        isHeld((file) => held.has(file) || refused.has(file), lists, join(path, name)),
      ),
    listLinks: () => links,
    open: (path): OpenedFile => {
      const file = held.get(path);
      const refusal = refused.get(path);
      if (refusal !== undefined) throw errorOf(refusal);
      if (file === undefined) throw new Damage('missing', 'is not there', 0);
      return { path, ...file, release: () => undefined };
    },
  };
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Damage) return { rule: error.rule, message: error.message, offset: error.offset };
  const { message, code, syscall } = error as NodeJS.ErrnoException;
  return { message, code, syscall };
}

function errorOf(refusal: Refusal): Error {
  if ('rule' in refusal) return new Damage(refusal.rule, refusal.message, refusal.offset);
  const { message, ...rest } = refusal;
  return Object.assign(new Error(message), rest);
}

const mostAttempts = 20;

type List = (path: string) => readonly string[];
type Hold = (path: string) => void;

/** Until nothing that was listed has been deleted in between, so that segments and checkpoint fit together. */
function holdLog(log: string, list: List, hold: Hold): void {
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const names = list(log).filter((name) => /^(?:checkpoint\.)?\d+$/.test(name));
    for (const name of names) {
      if (name.startsWith('checkpoint.')) for (const part of list(join(log, name))) hold(join(log, name, part));
      else hold(join(log, name));
    }
    const now = new Set(list(log));
    if (names.every((name) => now.has(name))) return;
  }
  throw new Damage('bad-structure', `${log}/ changes faster than it can be opened`, 0);
}

/** Until no new block appears: one that was compacted away in between has its samples in a new one. */
function holdBlocks(list: List, hold: Hold, refuse: (name: string, error: unknown) => void): void {
  const seen = new Set<string>();
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const fresh = list('.').filter((name) => isBlockName(name) && !seen.has(name));
    if (fresh.length === 0) return;
    for (const name of fresh) {
      seen.add(name);
      for (const file of ['meta.json', 'index', 'tombstones']) hold(join(name, file));
      try {
        // In their order, so that of a block that goes meanwhile no file takes another's place.
        for (const segment of [...list(join(name, 'chunks'))].sort()) hold(join(name, 'chunks', segment));
      } catch (error) {
        refuse(name, error);
      }
    }
  }
  throw new Damage('bad-structure', 'blocks change faster than they can be opened', 0);
}

/** A file that is open or was refused, or a directory with one in it. */
function isHeld(
  isFile: (path: string) => boolean,
  lists: ReadonlyMap<string, readonly string[]>,
  path: string,
): boolean {
  if (isFile(path)) return true;
  // An empty checkpoint is one for Prometheus all the same.
  if (lists.has(path))
    return (
      /^wal\/checkpoint\.\d+$/.test(path) ||
      (lists.get(path) ?? []).some((name) => isHeld(isFile, lists, join(path, name)))
    );
  return isBlockName(path) && isFile(join(path, 'meta.json'));
}

function closeAll(held: ReadonlyMap<string, Held>): void {
  for (const { descriptor } of held.values()) closeSync(descriptor);
}
