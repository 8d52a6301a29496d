import { Damage } from '../damage.ts';

const encodings = { xor: 1, xor2: 4 } as const;
const longestTime = 10;

/** What the index says of a chunk, both inclusive. */
interface ChunkTimes {
  readonly minTime: number;
  readonly maxTime: number;
}

/**
 * Throws Damage where a chunk of floats begins out of the times that the index says: then it is the chunk of something else,
 * whose checksum is right. It may begin later than they do: up to 2.20 or so, Prometheus left them as they were where it
 * had deleted the beginning of a chunk (compact.go populateBlock). Of histograms, whose layout comes first, nothing is known
 * without decoding.
 */
export function requireFirstTime(encoding: number, data: Uint8Array, { minTime, maxTime }: ChunkTimes): void {
  const from = firstTimeAt(encoding);
  if (from !== undefined) requireTimeAt(data, { from, to: data.length, minTime, maxTime });
}

/** The same of a time that lies in [from, to) of some bytes: this runs for each chunk, and makes nothing anew. */
export function requireTimeAt(
  bytes: Uint8Array,
  { from, to, minTime, maxTime }: ChunkTimes & { readonly from: number; readonly to: number },
): void {
  let folded = 0;
  let scale = 1;
  const end = Math.min(from + longestTime, to);
  // Samples begin with a time as a varint (chunks.md).
  for (let index = from; index < end; index += 1) {
    const byte = bytes[index] as number;
    folded += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) break;
  }
  const time = folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
  if (time >= minTime && time <= maxTime) return;
  const said = `${minTime} to ${maxTime}`;
  throw new Damage('bad-structure', `a chunk begins at ${time}, and the index says ${said}: it is another one`, 0);
}

/** Where a chunk of floats says the time of its first sample, in its data; undefined for histograms. */
export function firstTimeAt(encoding: number): number | undefined {
  if (encoding === encodings.xor) return 2;
  return encoding === encodings.xor2 ? 3 : undefined;
}
