import { createHash } from 'node:crypto';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { digestFile } from '../../files/file-digest.ts';
import { findErrno, fromFsError } from '../../files/fs-errors.ts';
import type { BlockOnDisk } from '../../model/block.ts';
import type { ObservedSource, Twins } from '../../model/stitch-facts.ts';

type Source = Pick<ObservedSource, 'directory' | 'blocks' | 'headBytes' | 'coveredToMs'>;

/** Holds blocks of the same name, and heads of the same size, against each other, byte for byte. */
export async function findTwins(sources: readonly Source[], signal: AbortSignal): Promise<Twins> {
  const strangers: Twins['strangers'][number][] = [];
  const first = new Map<string, number>();
  for (const [number, { blocks }] of sources.entries()) {
    for (const block of blocks) {
      const other = first.get(block.ulid);
      if (other === undefined) first.set(block.ulid, number);
      else if (!(await isSameBlock(block, [sources[other], sources[number]], signal))) {
        strangers.push({ block: block.ulid, sources: [other, number] });
      }
    }
  }
  return { strangers, headOf: await findHeads(sources, signal) };
}

async function isSameBlock(
  block: BlockOnDisk,
  [one, other]: readonly (Source | undefined)[],
  signal: AbortSignal,
): Promise<boolean> {
  const twin = one?.blocks.find(({ ulid }) => ulid === block.ulid);
  if (one === undefined || other === undefined || twin === undefined) return false;
  const isSameMeta = (['minTime', 'maxTime', 'series', 'samples', 'chunks', 'level'] as const).every(
    (key) => twin[key] === block[key],
  );
  if (!isSameMeta) return false;
  const parts = ['index', 'tombstones', 'chunks'];
  const [first, second] = await Promise.all(
    [one, other].map(({ directory }) => digestParts(join(directory, block.ulid), parts, signal)),
  );
  return first === second;
}

async function findHeads(sources: readonly Source[], signal: AbortSignal): Promise<readonly number[]> {
  const known = new Map<string, number>();
  const heads: number[] = [];
  for (const [number, { directory, headBytes, coveredToMs }] of sources.entries()) {
    const isAlone = sources.filter((source) => source.headBytes === headBytes).length === 1;
    const digest = isAlone ? number : await digestParts(directory, ['wal', 'wbl', 'chunks_head'], signal);
    // It begins where the blocks end: behind other blocks, the same head holds something else.
    const key = `${digest} ${coveredToMs ?? ''}`;
    if (!known.has(key)) known.set(key, number);
    heads.push(known.get(key) ?? number);
  }
  return heads;
}

/** Names and bytes of files, and of the files in directories; what is not there counts as nothing. */
async function digestParts(root: string, parts: readonly string[], signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const visit = async (path: string): Promise<void> => {
    const info = await lstat(join(root, path));
    if (info.isDirectory()) {
      for (const name of (await readdir(join(root, path))).sort()) await visit(join(path, name));
    } else if (info.isFile()) hash.update(`${path} ${await digestFile(join(root, path), { signal })}\n`);
  };
  for (const part of parts) {
    await visit(part).catch((error: unknown) => {
      if (findErrno(error) !== 'ENOENT') throw fromFsError(error, join(root, part), 'read');
    });
  }
  return hash.digest('hex');
}
