import { Damage } from '../damage.ts';
import { BitCursor } from '../bytes/bit-cursor.ts';
import { isStaleMarker, staleHigh, staleLow, type SampleSink } from './sample-sink.ts';
import { StartTimes } from './start-times.ts';
import { advance, readSampleCount } from './xor.ts';
import { XorValue } from './xor-value.ts';

/** XOR2 chunk data (chunks.md): time and value share a prefix, and a stale marker leaves the value as it was. */
export function decodeXor2(data: Uint8Array, sink: SampleSink): number {
  const total = readSampleCount(data);
  if (total === 0) return 0;
  if (data.length < 3) throw new Damage('truncated', 'an XOR2 chunk has no header', 2);
  const bits = new BitCursor(data, 3);
  const starts = new StartTimes(data[2] as number);
  const value = new XorValue();
  let timeMs = bits.varint();
  value.readWhole(bits);
  sink.float(timeMs, value.high, value.low, starts.read(bits, 0, timeMs));
  if (isStaleMarker(value.high, value.low)) {
    value.high = 0;
    value.low = 0;
  }
  let deltaMs = 0;
  for (let index = 1; index < total; index += 1) {
    let how: 'same' | 'changed' | 'either' | 'stale' = 'either';
    if (index === 1) deltaMs = bits.uvarint();
    else {
      const ones = bits.ones(5);
      if (ones >= 2 && ones <= 4) deltaMs += readDod(bits, ones);
      else how = ones === 0 ? 'same' : ones === 1 ? 'changed' : 'stale';
    }
    const beforeMs = timeMs;
    timeMs = advance(timeMs, deltaMs);
    const isStale = how === 'stale' || (how === 'either' && readEither(bits, value));
    if (how === 'changed') readChanged(bits, value);
    const startMs = starts.read(bits, index, beforeMs);
    if (isStale) sink.float(timeMs, staleHigh, staleLow, startMs);
    else sink.float(timeMs, value.high, value.low, startMs);
  }
  return total;
}

function readDod(bits: BitCursor, ones: number): number {
  if (ones === 4) return bits.int64();
  const size = ones === 2 ? 13 : 20;
  const dod = bits.read(size);
  return dod >= 2 ** (size - 1) ? dod - 2 ** size : dod;
}

/** `0` unchanged, `10` same window, `110` new window, `111` stale: then true. */
function readEither(bits: BitCursor, value: XorValue): boolean {
  const ones = bits.ones(3);
  if (ones === 3) return true;
  if (ones === 2) value.readWindow(bits);
  if (ones > 0) value.apply(bits);
  return false;
}

/** `0` same window, `1` new window. */
function readChanged(bits: BitCursor, value: XorValue): void {
  if (bits.isSet()) value.readWindow(bits);
  value.apply(bits);
}
