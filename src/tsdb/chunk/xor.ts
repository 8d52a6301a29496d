import { Damage } from '../damage.ts';
import { BitCursor } from '../bytes/bit-cursor.ts';
import type { SampleSink } from './sample-sink.ts';
import { XorValue } from './xor-value.ts';

/** Bits of a delta of deltas after that many ones (chunkenc/xor.go). */
const dodSizes = [0, 14, 17, 20, 64];

/** XOR chunk data (chunks.md). `data` begins with the number of samples. Returns that number. */
export function decodeXor(data: Uint8Array, sink: SampleSink): number {
  const total = readSampleCount(data);
  if (total === 0) return 0;
  const bits = new BitCursor(data, 2);
  const value = new XorValue();
  let timeMs = bits.varint();
  value.readWhole(bits);
  sink.float(timeMs, value.high, value.low);
  if (total === 1) return total;
  let deltaMs = bits.uvarint();
  timeMs = advance(timeMs, deltaMs);
  value.readNext(bits);
  sink.float(timeMs, value.high, value.low);
  for (let read = 2; read < total; read += 1) {
    if (bits.isSet()) deltaMs = advance(deltaMs, readDod(bits));
    timeMs = advance(timeMs, deltaMs);
    value.readNext(bits);
    sink.float(timeMs, value.high, value.low);
  }
  return total;
}

/** The first one of the prefix has been read. */
function readDod(bits: BitCursor): number {
  const size = dodSizes[1 + bits.ones(3)] as number;
  if (size === 64) return bits.int64();
  const value = bits.read(size);
  return value > 2 ** (size - 1) ? value - 2 ** size : value;
}

export function readSampleCount(data: Uint8Array): number {
  if (data.length < 2) throw new Damage('truncated', 'a chunk holds no number of samples', 0);
  return ((data[0] as number) << 8) | (data[1] as number);
}

export function advance(timeMs: number, deltaMs: number): number {
  const next = timeMs + deltaMs;
  if (!Number.isSafeInteger(next)) throw new Damage('out-of-range', 'a time is too large', 0);
  return next;
}
