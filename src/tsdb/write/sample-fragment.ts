import { ByteCursor } from '../bytes/byte-cursor.ts';
import { windowMs } from '../inventory/window-table.ts';
import { ByteWriter } from './byte-writer.ts';

/** Samples of one series in one window, in the order of their times, as they lie in a spool. */
export interface FragmentKey {
  /** Its beginning by two hours. */
  readonly window: number;
  /** The place of the series in the order of their labels. */
  readonly rank: number;
  readonly isLate: boolean;
}

/** A float as its halves; or, where there are bytes, a histogram as spooled-histogram.ts writes it. */
export interface SpooledSample {
  readonly timeMs: number;
  readonly startMs: number;
  readonly high: number;
  readonly low: number;
  readonly histogram: Uint8Array | undefined;
}

const mostSamples = 1024;
const fullBytes = 64 * 1024;
const lengthBytes = 4;
const lateFlag = 1;
const startsFlag = 2;
const histogramsFlag = 4;

/** Puts samples together into fragments that are small enough to be held in memory by the hundred. */
export class FragmentWriter {
  private readonly bytes = new ByteWriter();
  private readonly frame = new ByteWriter();
  private readonly put: (bytes: Uint8Array) => void;
  private key: FragmentKey | undefined;
  private samples: SpooledSample[] = [];
  private histogramBytes = 0;

  constructor(put: (bytes: Uint8Array) => void) {
    this.put = put;
  }

  /** Keys and times increase. Bytes must stay as they are until the fragment is ended. */
  add(key: FragmentKey, sample: SpooledSample): void {
    const { key: last } = this;
    const isSame =
      last !== undefined && last.rank === key.rank && last.window === key.window && last.isLate === key.isLate;
    if (!isSame || this.samples.length === mostSamples || this.histogramBytes >= fullBytes) {
      this.end();
      this.key = key;
    }
    this.samples.push(sample);
    this.histogramBytes += sample.histogram?.length ?? 0;
  }

  end(): void {
    const { key, samples, bytes, frame } = this;
    if (key === undefined || samples.length === 0) return;
    const hasStarts = samples.some(({ startMs }) => startMs !== 0);
    const hasHistograms = samples.some(({ histogram }) => histogram !== undefined);
    const flags = (key.isLate ? lateFlag : 0) | (hasStarts ? startsFlag : 0) | (hasHistograms ? histogramsFlag : 0);
    bytes.clear().byte(flags).varint(key.window).uvarint(key.rank).uvarint(samples.length);
    let beforeMs = key.window * windowMs;
    for (const { timeMs, startMs, high, low, histogram } of samples) {
      bytes.uvarint(timeMs - beforeMs);
      beforeMs = timeMs;
      if (hasStarts) bytes.varint(startMs);
      if (hasHistograms) bytes.uvarint(histogram?.length ?? 0);
      if (histogram === undefined) bytes.be32(high).be32(low);
      else bytes.put(histogram);
    }
    this.put(frame.clear().be32(bytes.length).written);
    this.put(bytes.written);
    this.key = undefined;
    this.samples = [];
    this.histogramBytes = 0;
  }
}

/** A fragment that is read again, in memory that is used again for the next one. */
export class FragmentReader {
  window = 0;
  rank = 0;
  isLate = false;
  count = 0;
  readonly times = new Float64Array(mostSamples);
  readonly starts = new Float64Array(mostSamples);
  readonly highs = new Uint32Array(mostSamples);
  readonly lows = new Uint32Array(mostSamples);
  private readonly histogramStarts = new Uint32Array(mostSamples);
  private readonly histogramLengths = new Uint32Array(mostSamples);
  private bytes: Uint8Array = new Uint8Array(0);

  /** `bytes` stay as they are until the next one is read. */
  read(bytes: Uint8Array): void {
    const cursor = new ByteCursor(bytes);
    const flags = cursor.byte();
    this.bytes = bytes;
    this.isLate = (flags & lateFlag) !== 0;
    this.window = cursor.varint();
    this.rank = cursor.uvarint();
    this.count = cursor.uvarint();
    let timeMs = this.window * windowMs;
    for (let at = 0; at < this.count; at += 1) {
      timeMs += cursor.uvarint();
      this.times[at] = timeMs;
      this.starts[at] = (flags & startsFlag) === 0 ? 0 : cursor.varint();
      const length = (flags & histogramsFlag) === 0 ? 0 : cursor.uvarint();
      this.histogramStarts[at] = cursor.at;
      this.histogramLengths[at] = length;
      if (length > 0) cursor.skip(length);
      else {
        this.highs[at] = cursor.be32();
        this.lows[at] = cursor.be32();
      }
    }
  }

  /** Undefined for a float; valid until the next fragment is read. */
  histogramAt(at: number): Uint8Array | undefined {
    const length = this.histogramLengths[at] as number;
    const from = this.histogramStarts[at] as number;
    return length === 0 ? undefined : this.bytes.subarray(from, from + length);
  }
}

/** Where the fragments of a run lie in a spool. */
export interface Run {
  readonly from: number;
  readonly to: number;
}

export { lengthBytes as fragmentLengthBytes };
