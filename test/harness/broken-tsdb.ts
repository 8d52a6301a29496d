import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isBlockName } from '../../src/tsdb/block-name.ts';
import { makeBlocksByPromtool } from '../tsdb/make-blocks-by-promtool.ts';
import { writeWal, type WalSample } from './write-head.ts';

const hourMs = 3_600_000;
const series = 12;

/** Data directories that between them need every kind of step of a repair. */
export interface BrokenTsdbs {
  /** No checkpoint and a missing segment, damaged blocks, head chunks that are none, and a half-made block. */
  readonly headless: string;
  /** A checkpoint with a number above all segments, of which one is damaged, and a block without meta.json. */
  readonly outnumbered: string;
  /** The same with segments that tell series once more that the checkpoint holds. */
  readonly retold: string;
}

/** Makes them below `into`: blocks by promtool, and a WAL of a few segments. */
export async function makeBrokenTsdbs(promtool: string, into: string): Promise<BrokenTsdbs> {
  const startMs = Math.floor((Date.now() - 72 * hourMs) / (2 * hourMs)) * 2 * hourMs;
  const whole = join(into, 'whole');
  const valueOf = (one: number, at: number): number => Math.sin(one * 7 + at);
  await makeBlocksByPromtool(promtool, { into: whole, startMs, hours: 6, everyMs: 30_000, series, valueOf });
  const [headless, outnumbered, retold] = [join(into, 'headless'), join(into, 'outnumbered'), join(into, 'retold')];
  for (const path of [headless, outnumbered, retold]) await cp(whole, path, { recursive: true });
  await breakHeadless(headless, startMs + 6 * hourMs);
  await breakOutnumbered(outnumbered, { fromMs: startMs + 6 * hourMs, isRetold: false });
  await breakOutnumbered(retold, { fromMs: startMs + 6 * hourMs, isRetold: true });
  return { headless, outnumbered, retold };
}

async function breakHeadless(data: string, fromMs: number): Promise<void> {
  const [first = '', second = ''] = await blocksIn(data);
  await flip(join(data, first, 'chunks', '000001'), 100);
  await flip(join(data, second, 'index'), 20);
  await mkdir(join(data, '01HZZZZZZZZZZZZZZZZZZZZZZZ.tmp-for-creation', 'chunks'), { recursive: true });
  await writeFile(join(data, '01HZZZZZZZZZZZZZZZZZZZZZZZ.tmp-for-creation', 'index'), 'half');
  await mkdir(join(data, 'chunks_head'));
  await writeFile(join(data, 'chunks_head', '000001'), Buffer.alloc(64, 7));
  for (const number of [2, 3, 5])
    writeSegment(join(data, 'wal', `0000000${number}`), { number, fromMs, isFirst: number === 2 });
  await flip(join(data, 'wal', '00000003'), 9000);
}

async function breakOutnumbered(
  data: string,
  { fromMs, isRetold }: { readonly fromMs: number; readonly isRetold: boolean },
): Promise<void> {
  const [, , third = ''] = await blocksIn(data);
  await rm(join(data, third, 'meta.json'));
  writeSegment(join(data, 'wal', 'checkpoint.00000009', '00000000'), { number: 0, fromMs, isFirst: true });
  for (const number of [2, 3])
    writeSegment(join(data, 'wal', `0000000${number}`), { number, fromMs, isFirst: isRetold && number === 2 });
  await flip(join(data, 'wal', '00000002'), 9000);
}

interface Segment {
  readonly number: number;
  readonly fromMs: number;
  /** Tells the labels of the series: told twice, a series begins anew. */
  readonly isFirst: boolean;
}

/** Five minutes of samples that no other segment has. */
function writeSegment(path: string, { number, fromMs, isFirst }: Segment): void {
  const all = Array.from({ length: series }, (_, one) => one + 1);
  const samplesAt = (timeMs: number): readonly WalSample[] => all.map((one) => [one, timeMs, one + timeMs / 1e6]);
  const times = Array.from({ length: 300 }, (_, second) => fromMs + (number * 300 + second) * 1000);
  writeWal(path, [
    ...(isFirst ? all.map((one) => ({ series: one, labels: { __name__: 'wal_value', series: String(one) } })) : []),
    ...times.map((timeMs) => ({ samples: samplesAt(timeMs) })),
  ]);
}

/** What every file with a byte in it holds: one that is moved or renamed is still among them. */
export async function contentsOf(...directories: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const directory of directories) {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const { parentPath, name } of entries.filter((entry) => entry.isFile())) {
      const content = await readFile(join(parentPath, name));
      if (content.length > 0) found.add(createHash('sha256').update(content).digest('hex'));
    }
  }
  return found;
}

export async function blocksIn(data: string): Promise<readonly string[]> {
  return (await readdir(data)).filter(isBlockName).sort();
}

async function flip(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[offset] = (bytes[offset] ?? 0) ^ 0x55;
  await writeFile(path, bytes);
}
