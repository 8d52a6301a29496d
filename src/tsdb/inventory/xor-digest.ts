import { copyIntoKernel, isInKernel, kernelMemory, kernelStateAt } from '../bytes/kernel-memory.ts';
import { lane2, type SeriesSeed } from './sample-digest.ts';
import { runXorKernel, xorEnd, xorState } from './xor-kernel.ts';

/** Sums of the part of a chunk that lies in one stretch, as the kernel leaves them. */
export interface ChunkSums {
  samples: number;
  staleMarkers: number;
  a: number;
  b: number;
  firstMs: number;
  lastMs: number;
}

/** Whoever the sums of a chunk are told to. */
export interface StretchSums {
  /** The stretch that a time lies in: from here on samples belong to it. */
  enter(timeMs: number): { readonly fromMs: number; readonly toMs: number };
  take(sums: ChunkSums): void;
}

/** Number of samples, a time and a value. */
const shortestData = 2 + 1 + 8;

/**
 * Decodes and hashes an XOR chunk in the kernel. False where it has counted nothing, and the chunk is one for the slow way;
 * undefined where a sample in the middle cannot be believed, and those before it have been counted.
 */
export class XorDigest {
  private readonly words = new Int32Array(kernelMemory().buffer, kernelStateAt, 32);
  private readonly at = fieldPlaces();
  private readonly sums: ChunkSums = { samples: 0, staleMarkers: 0, a: 0, b: 0, firstMs: 0, lastMs: 0 };

  setSeed({ a, b }: SeriesSeed): void {
    this.words[this.at.seedA] = a;
    this.words[this.at.seedB] = b ^ lane2;
  }

  count(stored: Uint8Array, target: StretchSums): boolean | undefined {
    const data = isInKernel(stored) ? stored : copyIntoKernel(stored);
    if (data === undefined || !this.readHeader(data)) return false;
    const { at } = this;
    for (;;) {
      const { fromMs, toMs } = target.enter(this.timeAt(at.time));
      this.putTime(at.from, fromMs);
      this.putTime(at.span, toMs - fromMs);
      const end = runXorKernel();
      this.tell(target);
      if (end === xorEnd.done) return true;
      if (end === xorEnd.damaged) return undefined;
    }
  }

  /**
   * Number of samples, first time and value, and the delta to the second time: whole bytes all of them. False where it is not
   * as short as it nearly always is.
   */
  private readHeader(data: Uint8Array): boolean {
    if (data.length < shortestData) return false;
    const { words, at } = this;
    const samples = ((data[0] as number) << 8) | (data[1] as number);
    if (samples === 0 || !readUvarint(data, 2)) return false;
    const folded = varint.value;
    const valueAt = varint.end;
    if (valueAt + 8 > data.length) return false;
    let next = valueAt + 8;
    this.putTime(at.time, folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2);
    words[at.valueHigh] = be32(data, valueAt);
    words[at.valueLow] = be32(data, valueAt + 4);
    if (samples > 1) {
      if (!readUvarint(data, next)) return false;
      this.putTime(at.delta, varint.value);
      next = varint.end;
    }
    words[at.bit] = 8 * (data.byteOffset + next);
    words[at.endBit] = 8 * (data.byteOffset + data.length);
    words[at.significant] = 64;
    words[at.trailing] = 0;
    words[at.left] = samples;
    words[at.isFirst] = 1;
    return true;
  }

  private tell(target: StretchSums): void {
    const { words, at, sums } = this;
    sums.samples = words[at.samples] as number;
    sums.staleMarkers = words[at.staleMarkers] as number;
    if (sums.samples > 0) {
      sums.a = (words[at.a] as number) >>> 0;
      sums.b = (words[at.b] as number) >>> 0;
      sums.firstMs = this.timeAt(at.firstTime);
      sums.lastMs = this.timeAt(at.lastTime);
    }
    target.take(sums);
    words[at.samples] = 0;
    words[at.staleMarkers] = 0;
    words[at.a] = 0;
    words[at.b] = 0;
  }

  private timeAt(place: number): number {
    return (this.words[place + 1] as number) * 2 ** 32 + ((this.words[place] as number) >>> 0);
  }

  private putTime(place: number, timeMs: number): void {
    this.words[place] = timeMs | 0;
    this.words[place + 1] = Math.floor(timeMs / 2 ** 32) | 0;
  }
}

/** In words of four bytes. */
function fieldPlaces() {
  const place = (field: keyof typeof xorState): number => xorState[field] / 4;
  return {
    bit: place('bit'),
    endBit: place('endBit'),
    time: place('time'),
    delta: place('delta'),
    valueLow: place('value'),
    valueHigh: place('value') + 1,
    significant: place('significant'),
    trailing: place('trailing'),
    left: place('left'),
    isFirst: place('isFirst'),
    from: place('from'),
    span: place('span'),
    seedA: place('seedA'),
    seedB: place('seedB'),
    samples: place('samples'),
    staleMarkers: place('staleMarkers'),
    a: place('a'),
    b: place('b'),
    firstTime: place('firstTime'),
    lastTime: place('lastTime'),
  };
}

/** What `readUvarint` has read. No object is made: this runs twice for each chunk. */
const varint = { value: 0, end: 0 };

/** False past the end, and for a number that a double cannot hold. */
function readUvarint(data: Uint8Array, from: number): boolean {
  let value = 0;
  let scale = 1;
  for (let at = from; at < data.length && at < from + 8; at += 1) {
    const byte = data[at] as number;
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte >= 0x80) continue;
    varint.value = value;
    varint.end = at + 1;
    return value <= Number.MAX_SAFE_INTEGER;
  }
  return false;
}

function be32(data: Uint8Array, at: number): number {
  return (
    ((data[at] as number) << 24) |
    ((data[at + 1] as number) << 16) |
    ((data[at + 2] as number) << 8) |
    (data[at + 3] as number)
  );
}
