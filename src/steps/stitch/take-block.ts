import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory, writeNewFile } from '../../files/atomic-file.ts';
import { halfMadeSuffix } from '../../files/half-made.ts';
import { copyVerified } from '../../files/copy-verified.ts';
import { withFsErrors } from '../../files/fs-errors.ts';
import type { Handler, StepContext } from '../../model/handler.ts';
import type { TakeBlockStep } from '../../model/stitch-step.ts';
import { listChunkFiles } from '../../tsdb/block/chunk-files.ts';
import { giveLike } from './give-like.ts';
import { exists, isMade } from './stitch-dependencies.ts';

/** A block has its name only once each of its files is on the disk and reads back as the source's. */
export const takeBlockHandler: Handler<TakeBlockStep> = {
  isDone: (step) => isMade(step, step.block),
  apply: async (step, context) => {
    const { half, block } = step;
    const unfinished = join(half, `${block}${halfMadeSuffix}`);
    await withFsErrors(unfinished, 'write', async () => {
      await rm(unfinished, { recursive: true, force: true });
      await mkdir(unfinished, { mode: 0o700 });
      await mkdir(join(unfinished, 'chunks'), { mode: 0o700 });
    });
    const digest = await copyFiles(step, unfinished, context);
    await withFsErrors(unfinished, 'write', async () => {
      await writeMeta(join(step.directory, block), unfinished);
      for (const path of [join(unfinished, 'chunks'), unfinished]) {
        await giveLike(path, half);
        await syncDirectory(path);
      }
      await rename(unfinished, join(half, block));
      await syncDirectory(half);
    });
    context.say(`block ${block} reads back as in ${step.directory}: sha256 ${digest}`);
  },
};

/** The digest over those of all files, in their order. */
async function copyFiles(step: TakeBlockStep, unfinished: string, context: StepContext): Promise<string> {
  const from = join(step.directory, step.block);
  const hash = createHash('sha256');
  const files = await listFiles(from);
  for (const [index, path] of files.entries()) {
    context.signal.throwIfAborted();
    context.progress({ done: index, total: files.length, unit: 'items', text: step.block });
    const to = join(unfinished, path);
    const { digest, isLinked } = await copyVerified(join(from, path), to, {
      link: step.linked,
      signal: context.signal,
    });
    // A name of the source's own file: its owner and mode are the source's too.
    if (!isLinked) await withFsErrors(to, 'write', () => giveLike(to, step.half));
    hash.update(`${path} ${digest}\n`);
  }
  return hash.digest('hex');
}

/** What belongs to a block, and nothing else that may lie there. */
async function listFiles(block: string): Promise<readonly string[]> {
  const chunks = await withFsErrors(block, 'read', () => readdir(join(block, 'chunks')).catch(ignoreMissing));
  const hasStones = await exists(join(block, 'tombstones'));
  const segments = listChunkFiles(chunks);
  return ['index', ...(hasStones ? ['tombstones'] : []), ...segments.map((name) => join('chunks', name))];
}

function ignoreMissing(error: unknown): string[] {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
  throw error;
}

/**
 * As the source's, without its parents: Prometheus deletes every block that is named there, and another source may have
 * one of them with samples that this one has not.
 */
async function writeMeta(from: string, to: string): Promise<void> {
  const meta = JSON.parse(await readFile(join(from, 'meta.json'), 'utf8')) as { readonly compaction?: object };
  const compaction = Object.fromEntries(Object.entries(meta.compaction ?? {}).filter(([key]) => key !== 'parents'));
  const path = join(to, 'meta.json');
  await writeNewFile(path, `${JSON.stringify({ ...meta, compaction }, null, '\t')}\n`, 0o600);
  await giveLike(path, join(to, '..'));
}
