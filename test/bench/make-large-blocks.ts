import { createWriteStream } from 'node:fs';
import { access, link, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join, relative } from 'node:path';
import { runCommand } from '../harness/run-command.ts';
import { testCache } from '../harness/test-cache.mjs';
import { shiftChunks, shiftIndex } from './shift-block.ts';

const hourMs = 3_600_000;
/** Prometheus compacts two-hour blocks into such ones; with these it has nothing to compact. */
const blockMs = 18 * hourMs;
const everyMs = 15_000;
const stepsPerBlock = blockMs / everyMs;
const fewestBlocks = 18;
/** More than that are more blocks, and no more series: so a block stays as large as Prometheus makes them. */
const mostBytesOfFewest = 2_000_000_000;
/** Random values hardly compress: about so many bytes for a sample, its part of the index included. */
const bytesPerSample = 7.6;

export interface LargeBlocks {
  readonly directory: string;
  readonly sizeBytes: number;
}

/**
 * Blocks of two weeks, about so large together, as a Prometheus with a 15 s interval writes them. promtool writes the
 * newest; the others are copies of it with their times moved back. Kept for the day in the test cache.
 */
export async function makeLargeBlocks(sizeBytes: number, say: (line: string) => void): Promise<LargeBlocks> {
  const bytesOfFewest = Math.min(sizeBytes, mostBytesOfFewest);
  const series = Math.max(1, Math.round(bytesOfFewest / bytesPerSample / stepsPerBlock / fewestBlocks));
  const blocks = Math.max(fewestBlocks, Math.ceil((fewestBlocks * sizeBytes) / mostBytesOfFewest));
  // As old as can be without reaching into the time of the head.
  const endMs = Math.floor((Date.now() - 24 * hourMs) / blockMs) * blockMs;
  const fewest = join(testCache(), 'bench-blocks', `${endMs}-${series}`);
  const directory = blocks === fewestBlocks ? fewest : `${fewest}-${blocks}`;
  if (!(await exists(directory))) await fill(directory, { series, endMs, blocks, fewest, say });
  return { directory, sizeBytes: await sizeOf(directory) };
}

interface Filling {
  readonly series: number;
  readonly endMs: number;
  readonly blocks: number;
  /** Where the newest of them may lie already. */
  readonly fewest: string;
  readonly say: (line: string) => void;
}

async function fill(directory: string, filling: Filling): Promise<void> {
  const startedAtMs = performance.now();
  await removeOlder();
  await mkdir(join(testCache(), 'bench-blocks'), { recursive: true });
  const half = await mkdtemp(`${directory}.tmp-for-creation-`);
  try {
    const data = join(half, 'data');
    if (await exists(filling.fewest)) await linkAll(filling.fewest, data);
    else await writeNewest(half, filling);
    const made = await readdir(data);
    const newest = await findNewest(data, made);
    for (let back = made.length; back < filling.blocks; back += 1) await copyBack(data, newest, back);
    await rename(data, directory);
    filling.say(`  blocks made in ${Math.round((performance.now() - startedAtMs) / 1000)} s`);
  } finally {
    await rm(half, { recursive: true, force: true });
  }
}

/** Those of other days serve nobody any more, and are large. */
async function removeOlder(): Promise<void> {
  const home = join(testCache(), 'bench-blocks');
  const today = Math.floor((Date.now() - 24 * hourMs) / blockMs) * blockMs;
  for (const name of await readdir(home).catch(() => [])) {
    if (Number(name.split('-')[0]) < today) await rm(join(home, name), { recursive: true, force: true });
  }
}

/** Blocks are never changed, so that two directories may have the same files. */
async function linkAll(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const into = join(to, relative(from, entry.parentPath));
    await mkdir(into, { recursive: true });
    await link(join(entry.parentPath, entry.name), join(into, entry.name));
  }
}

async function findNewest(data: string, names: readonly string[]): Promise<string> {
  const metas = await Promise.all(
    names.map(async (name) => ({
      name,
      ...(JSON.parse(await readFile(join(data, name, 'meta.json'), 'utf8')) as Meta),
    })),
  );
  return metas.sort((one, other) => other.maxTime - one.maxTime)[0]?.name ?? '';
}

async function writeNewest(half: string, { series, endMs }: Filling): Promise<void> {
  const text = join(half, 'input.om');
  await writeOpenMetrics(text, series, endMs - blockMs);
  const promtool = join(process.env['HOLDFAST_TEST_PROGRAMS'] ?? '', 'promtool');
  const words = [
    'tsdb',
    'create-blocks-from',
    '-q',
    '--max-block-duration=18h',
    'openmetrics',
    text,
    join(half, 'data'),
  ];
  const { exitCode, stderr } = await runCommand(promtool, words, { timeoutMs: 900_000 });
  if (exitCode !== 0) throw new Error(`promtool made no blocks: ${stderr}`);
  await rm(text);
}

async function writeOpenMetrics(path: string, series: number, fromMs: number): Promise<void> {
  const out = createWriteStream(path);
  out.write('# TYPE bench_value gauge\n');
  for (let number = 0; number < series; number += 1) {
    const lines: string[] = [];
    for (let step = 0; step < stepsPerBlock; step += 1) {
      lines.push(`bench_value{series="${number}"} ${Math.random()} ${(fromMs + step * everyMs) / 1000}`);
    }
    if (!out.write(`${lines.join('\n')}\n`)) await once(out, 'drain');
  }
  out.end('# EOF\n');
  await once(out, 'close');
}

async function copyBack(data: string, newest: string, back: number): Promise<void> {
  const shiftMs = -back * blockMs;
  // The same length and alphabet, and another block: only the last characters differ.
  const ulid = `${newest.slice(0, -2)}${ulidDigit(Math.floor(back / 32))}${ulidDigit(back % 32)}`;
  if (ulid === newest) throw new Error(`${newest} is taken.`);
  const [from, to] = [join(data, newest), join(data, ulid)];
  await mkdir(join(to, 'chunks'), { recursive: true });
  for (const segment of await readdir(join(from, 'chunks'))) {
    await writeFile(join(to, 'chunks', segment), shiftChunks(await readFile(join(from, 'chunks', segment)), shiftMs));
  }
  await writeFile(join(to, 'index'), shiftIndex(await readFile(join(from, 'index')), shiftMs));
  await writeFile(join(to, 'tombstones'), await readFile(join(from, 'tombstones')));
  const meta = JSON.parse(await readFile(join(from, 'meta.json'), 'utf8')) as Meta;
  const moved = {
    ...meta,
    ulid,
    minTime: meta.minTime + shiftMs,
    maxTime: meta.maxTime + shiftMs,
    compaction: { ...meta.compaction, sources: [ulid] },
  };
  await writeFile(join(to, 'meta.json'), JSON.stringify(moved));
}

interface Meta {
  readonly minTime: number;
  readonly maxTime: number;
  readonly compaction: object;
}

function ulidDigit(value: number): string {
  return '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.charAt(value);
}

async function sizeOf(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
