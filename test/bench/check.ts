import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { mainFile } from '../harness/holdfast.ts';
import { atLeast, atMost, median, withoutTarget, type Figure } from './figure.ts';
import { makeLargeBlocks } from './make-large-blocks.ts';
import { peakMemory } from './peak-memory.ts';
import { measured, runMeasured, type Measured } from './run-measured.ts';

const rounds = 5;

/**
 * A check of whole blocks by one thread and by two, each time beside node:crypto's SHA-256 over the same files in one thread,
 * with a warm cache; and the most memory that the command takes for it.
 */
export async function measureCheck(
  name: string,
  sizeBytes: number,
  say: (line: string) => void,
): Promise<readonly Figure[]> {
  const { directory, sizeBytes: heldBytes } = await makeLargeBlocks(sizeBytes, say);
  hashFiles(directory);
  await checkOnce(directory, 2);
  const hashed: Taken[] = [];
  const alone: Taken[] = [];
  const together: Taken[] = [];
  for (let round = 0; round < rounds; round += 1) {
    hashed.push(await taken(() => hashFiles(directory)));
    alone.push(await checkOnce(directory, 1));
    together.push(await checkOnce(directory, 2));
  }
  const medianOf = (all: readonly Taken[], of: keyof Taken) => median(all.map((one) => one[of]));
  const perSecond = (all: readonly Taken[]) => Math.round(heldBytes / 1e6 / (medianOf(all, 'ms') / 1000));
  const ratio = (all: readonly Taken[], of: keyof Taken) => medianOf(hashed, of) / medianOf(all, of);
  const from = { hashed, alone, together, megabytes: Math.round(heldBytes / 1e6) };
  const value = ratio(alone, 'ms');
  return [
    atLeast(0.6, { name: `check of ${name}, one thread / sha256 of the same files`, value, unit: 'ratio', from }),
    withoutTarget({ name: 'two threads / sha256 of the same files', value: ratio(together, 'ms'), unit: 'ratio' }),
    withoutTarget({ name: 'one thread / sha256, by CPU time', value: ratio(alone, 'cpuMs'), unit: 'ratio' }),
    withoutTarget({ name: `check of ${name}, one thread, MB in a second`, value: perSecond(alone), unit: 'MB' }),
    withoutTarget({ name: `check of ${name}, two threads, MB in a second`, value: perSecond(together), unit: 'MB' }),
    withoutTarget({ name: `sha256 of ${name}, MB in a second`, value: perSecond(hashed), unit: 'MB' }),
    atMost(300, {
      name: `check of ${name}, RSS at most`,
      value: await peakMemory(process.execPath, [mainFile(), 'check', directory, '--json']),
      unit: 'MB',
    }),
  ];
}

type Taken = Pick<Measured<unknown>, 'ms' | 'cpuMs'>;

async function taken(action: () => void): Promise<Taken> {
  const { ms, cpuMs } = await measured(action);
  return { ms, cpuMs };
}

async function checkOnce(directory: string, threads: 1 | 2): Promise<Taken> {
  const options = { kind: 'check', directory, isLive: false, maxBytesPerSecond: null } as const;
  const { value, ms, cpuMs } = await runMeasured({ ...options, ...(threads === 1 && { threads }) });
  if (!value.ok) throw new Error(`${directory} is damaged.`);
  return { ms, cpuMs };
}

const buffer = Buffer.allocUnsafe(1 << 20);

function hashFiles(directory: string): void {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const hash = createHash('sha256');
    const descriptor = openSync(join(entry.parentPath, entry.name), constants.O_RDONLY);
    for (let count = -1; count !== 0;) {
      count = readSync(descriptor, buffer, 0, buffer.length, null);
      hash.update(buffer.subarray(0, count));
    }
    hash.digest();
    closeSync(descriptor);
  }
}
