import { constants } from 'node:fs';
import { access, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './run-command.ts';
import { testCache } from './test-cache.mjs';

const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

export interface BlocksOptions {
  /** The newest sample, this long before the present hour. At least 3 h, so that no block reaches into the head's time. */
  readonly endsBeforeNowMs: number;
  readonly spanMs: number;
  readonly everyMs: number;
  readonly series: number;
  /** Longest block; promtool takes 2 h and more. */
  readonly blockMs?: number;
}

export interface MadeBlocks {
  /** A Prometheus data directory with blocks alone. Shared: copy it, never write to it. */
  readonly directory: string;
  readonly oldestMs: number;
  readonly newestMs: number;
  readonly samples: number;
  readonly blocks: readonly string[];
}

/**
 * Blocks of a gauge `fixture_value{series="0"...}` written by promtool. What was made is kept outside of the checkout
 * for the rest of the day, since its times are relative to now.
 */
export async function makeBlocks(options: BlocksOptions): Promise<MadeBlocks> {
  const { endsBeforeNowMs, spanMs, everyMs, series, blockMs = 2 * hourMs } = options;
  const today = Math.floor(Date.now() / dayMs) * dayMs;
  // The same all day, and never younger than was asked for.
  const end = Math.floor((today - Math.max(0, endsBeforeNowMs - dayMs)) / everyMs) * everyMs - hourMs * 3;
  const newestMs = end;
  const steps = Math.floor(spanMs / everyMs);
  const oldestMs = end - (steps - 1) * everyMs;
  const name = `blocks-${newestMs}-${steps}x${everyMs}-${series}-${blockMs}`;
  const directory = join(testCache(), 'blocks', name);
  if (!(await exists(directory))) {
    await removeOldFixtures();
    await fillDirectory(directory, { oldestMs, newestMs, everyMs, series, blockMs });
  }
  const blocks = await readdir(directory);
  return { directory, oldestMs, newestMs, samples: steps * series, blocks };
}

interface Filling {
  readonly oldestMs: number;
  readonly newestMs: number;
  readonly everyMs: number;
  readonly series: number;
  readonly blockMs: number;
}

async function fillDirectory(directory: string, filling: Filling): Promise<void> {
  await mkdir(join(testCache(), 'blocks'), { recursive: true });
  const half = await mkdtemp(`${directory}.tmp-for-creation-`);
  const text = join(half, 'input.om');
  const output = join(half, 'output');
  // promtool reads its whole input once for each block: one file and one run per block stays linear.
  const first = Math.floor(filling.oldestMs / filling.blockMs) * filling.blockMs;
  for (let from = first; from <= filling.newestMs; from += filling.blockMs) {
    await writeFile(text, renderOpenMetrics(filling, from));
    const blockMs = `${filling.blockMs / 1000}s`;
    const words = ['tsdb', 'create-blocks-from', '-q', `--max-block-duration=${blockMs}`, 'openmetrics', text, output];
    const { exitCode, stderr } = await runCommand(getPromtool(), words);
    if (exitCode !== 0) throw new Error(`promtool made no blocks: ${stderr}`);
  }
  await rename(output, directory).catch(async (error: unknown) => {
    if (!(await exists(directory))) throw error;
  });
  await rm(half, { recursive: true, force: true });
}

function renderOpenMetrics({ oldestMs, newestMs, everyMs, series, blockMs }: Filling, from: number): string {
  const lines = ['# TYPE fixture_value gauge'];
  const begin = from <= oldestMs ? oldestMs : oldestMs + Math.ceil((from - oldestMs) / everyMs) * everyMs;
  const end = Math.min(newestMs, from + blockMs - 1);
  for (let number = 0; number < series; number += 1) {
    for (let at = begin; at <= end; at += everyMs) {
      lines.push(`fixture_value{series="${number}"} ${(at / everyMs) % 1000} ${(at / 1000).toFixed(3)}`);
    }
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

/** Copies blocks into a directory that may hold others. */
export async function copyBlocks(from: string, to: string, names?: readonly string[]): Promise<void> {
  for (const name of names ?? (await readdir(from))) {
    await mkdir(join(to, name, 'chunks'), { recursive: true });
    for (const file of ['meta.json', 'index', 'tombstones']) {
      await copyFile(join(from, name, file), join(to, name, file), constants.COPYFILE_FICLONE).catch(
        (error: unknown) => {
          if (file !== 'tombstones' || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        },
      );
    }
    for (const chunk of await readdir(join(from, name, 'chunks'))) {
      const path = join('chunks', chunk);
      await copyFile(join(from, name, path), join(to, name, path), constants.COPYFILE_FICLONE);
    }
  }
}

export interface BlockOfDirectory {
  readonly ulid: string;
  readonly minTime: number;
  readonly maxTime: number;
  readonly samples: number;
  readonly parents: readonly string[];
  /** The blocks of level 1 that it was made from: itself, where it was never compacted. */
  readonly sources: readonly string[];
}

/** Blocks of a Prometheus data directory by their meta.json, oldest first. */
export async function listBlocksOf(directory: string): Promise<readonly BlockOfDirectory[]> {
  const names = (await readdir(directory)).filter((name) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(name));
  const metas = await Promise.all(
    names.map(async (name) => {
      const meta = JSON.parse(await readFile(join(directory, name, 'meta.json'), 'utf8')) as Meta;
      const { minTime, maxTime, stats, compaction } = meta;
      const parents = (compaction.parents ?? []).map(({ ulid }) => ulid);
      return { ulid: name, minTime, maxTime, samples: stats.numSamples, parents, sources: compaction.sources ?? [] };
    }),
  );
  return metas.sort((a, b) => a.minTime - b.minTime);
}

interface Meta {
  readonly minTime: number;
  readonly maxTime: number;
  readonly stats: { readonly numSamples: number };
  readonly compaction: {
    readonly parents?: readonly { readonly ulid: string }[];
    readonly sources?: readonly string[];
  };
}

/** How many samples the blocks of a directory hold together. */
export async function countSamples(directory: string): Promise<number> {
  return (await listBlocksOf(directory)).reduce((sum, { samples }) => sum + samples, 0);
}

/** Fixtures of earlier days serve nobody any more. */
async function removeOldFixtures(): Promise<void> {
  const home = join(testCache(), 'blocks');
  for (const name of await readdir(home).catch(() => [])) {
    const { mtimeMs } = await stat(join(home, name));
    if (mtimeMs < Date.now() - 2 * dayMs) await rm(join(home, name), { recursive: true, force: true });
  }
}

function getPromtool(): string {
  const directory = process.env['HOLDFAST_TEST_PROGRAMS'];
  if (directory === undefined) throw new Error('HOLDFAST_TEST_PROGRAMS is not set: global-setup.ts sets it.');
  return join(directory, 'promtool');
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
