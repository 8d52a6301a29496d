import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { isInOrder, type BlockOnDisk, type BrokenBlock, type TsdbListing } from '../model/block.ts';
import { shellWord } from '../model/shell-word.ts';
import { isBlockName, parseBlockMeta } from './block-meta.ts';

const maxMetaBytes = 16 * 1024 * 1024;
const maxAttempts = 5;

/**
 * Lists what a Prometheus data directory holds, from names, sizes and meta.json alone. Works while Prometheus runs: a
 * block that vanishes under the walk (a compaction) makes it look again. Throws `io` where the directory cannot be read.
 */
export async function listTsdb(dataDirectory: string): Promise<TsdbListing> {
  for (let attempt = 1; ; attempt += 1) {
    const listing = await tryToList(dataDirectory, attempt === maxAttempts);
    if (listing !== undefined) return listing;
  }
}

/** Undefined where a block vanished meanwhile and another look is due; the last look leaves such a block out. */
async function tryToList(dataDirectory: string, last: boolean): Promise<TsdbListing | undefined> {
  const blocks: BlockOnDisk[] = [];
  const broken: BrokenBlock[] = [];
  for (const name of await blockNames(dataDirectory)) {
    const block = await readBlock(join(dataDirectory, name), name);
    if (block === 'vanished') {
      if (!last) return undefined;
    } else if ('reason' in block) broken.push(block);
    else blocks.push(block);
  }
  blocks.sort((a, b) => a.minTime - b.minTime || a.maxTime - b.maxTime || (a.ulid < b.ulid ? -1 : 1));
  const endsOfHead = blocks.filter(isInOrder).map((block) => block.maxTime);
  const walBytes = (await treeBytes(join(dataDirectory, 'wal'))) + (await treeBytes(join(dataDirectory, 'wbl')));
  return {
    blocks,
    broken,
    walBytes,
    headChunksBytes: await treeBytes(join(dataDirectory, 'chunks_head')),
    newestBlockMs: endsOfHead.length === 0 ? null : Math.max(...endsOfHead),
    oldestBlockMs: blocks.length === 0 ? null : Math.min(...blocks.map((block) => block.minTime)),
    hasWal: (await treeBytes(join(dataDirectory, 'wal'))) > 0,
  };
}

async function blockNames(dataDirectory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(dataDirectory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && isBlockName(entry.name)).map((entry) => entry.name);
  } catch (cause) {
    throw new HoldfastError('io', {
      message: `The Prometheus data directory ${dataDirectory} cannot be read: ${words(cause)}. Nothing was changed.`,
      remedy: `Look at its owner and mode: ls -ld ${shellWord(dataDirectory)}`,
      cause,
    });
  }
}

async function readBlock(directory: string, name: string): Promise<BlockOnDisk | BrokenBlock | 'vanished'> {
  const text = await readMeta(directory);
  if (typeof text !== 'string') return (await exists(directory)) ? { name, reason: text.reason } : 'vanished';
  const meta = parseBlockMeta(text, name);
  if ('reason' in meta) return { name, reason: meta.reason };
  return { ...meta, sizeBytes: await blockBytes(directory) };
}

/** tsdb/block.go Block.Size: chunks, index, meta.json and tombstones, and nothing else that may lie there. */
async function blockBytes(directory: string): Promise<number> {
  let sum = await treeBytes(join(directory, 'chunks'));
  for (const name of ['index', 'meta.json', 'tombstones']) sum += await fileBytes(join(directory, name));
  return sum;
}

async function readMeta(directory: string): Promise<string | { readonly reason: string }> {
  try {
    const file = await open(
      join(directory, 'meta.json'),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    try {
      const stat = await file.stat();
      if (!stat.isFile()) return { reason: 'meta.json is not a file' };
      if (stat.size > maxMetaBytes) return { reason: `meta.json is ${stat.size} bytes, which no block's is` };
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    return { reason: isMissing(error) ? 'meta.json is missing' : `meta.json cannot be read: ${words(error)}` };
  }
}

async function treeBytes(directory: string): Promise<number> {
  const stat = await lstat(directory).catch(() => undefined);
  if (stat?.isDirectory() !== true) return 0;
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  let sum = 0;
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) sum += await treeBytes(path);
    else if (entry.isFile()) sum += await fileBytes(path);
  }
  return sum;
}

async function fileBytes(path: string): Promise<number> {
  const stat = await lstat(path).catch(() => undefined);
  return stat?.isFile() === true ? stat.size : 0;
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
