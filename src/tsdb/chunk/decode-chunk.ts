import { Damage } from '../damage.ts';
import { decodeFloatHistogram, decodeHistogram } from './histogram.ts';
import type { SampleSink } from './sample-sink.ts';
import { decodeXor2 } from './xor2.ts';
import { decodeXor } from './xor.ts';

/** Of nearly all chunks. */
export const xorEncoding = 1;

/** chunkenc/chunk.go Encoding: every one that Prometheus 2.x and 3.14 write. */
const decoders: Readonly<Record<number, (data: Uint8Array, sink: SampleSink) => number>> = {
  [xorEncoding]: decodeXor,
  2: (data, sink) => decodeHistogram(data, sink, false),
  3: (data, sink) => decodeFloatHistogram(data, sink, false),
  4: decodeXor2,
  5: (data, sink) => decodeHistogram(data, sink, true),
  6: (data, sink) => decodeFloatHistogram(data, sink, true),
};

/** Tells the samples of a chunk to `sink` and returns how many there were. Throws Damage, also for an unknown encoding. */
export function decodeChunk(encoding: number, data: Uint8Array, sink: SampleSink): number {
  const decode = decoders[encoding];
  if (decode === undefined) throw new Damage('unknown-encoding', `chunk encoding ${encoding} is not known`, 0);
  return decode(data, sink);
}
