import { isStaleMarker } from '../chunk/sample-sink.ts';
import { BitWriter } from './bit-writer.ts';
import { ByteWriter } from './byte-writer.ts';
import { StartTimeWriter } from './start-time-writer.ts';
import { XorValueWriter } from './xor-value-writer.ts';

/** Encodes floats with the times at which their counters began as an XOR2 chunk (chunks.md), bit for bit as Prometheus does. */
export class Xor2Encoder {
  private readonly bits = new BitWriter();
  private readonly value = new XorValueWriter();
  private readonly starts = new StartTimeWriter();
  private count = 0;
  private timeMs = 0;
  private deltaMs = 0;

  /** `high` and `low` are the halves of the float's bits; times increase. */
  add(
    timeMs: number,
    { high, low, startMs }: { readonly high: number; readonly low: number; readonly startMs: number },
  ): void {
    const deltaMs = timeMs - this.timeMs;
    if (this.count === 0) this.writeFirst(timeMs, high, low);
    else if (this.count === 1) {
      this.bits.bytesOf(new ByteWriter().uvarint(deltaMs).written);
      this.writeValue(high, low);
    } else this.writeJoint(deltaMs - this.deltaMs, high, low);
    this.starts.write(this.bits, timeMs, startMs);
    this.deltaMs = this.count === 0 ? 0 : deltaMs;
    this.timeMs = timeMs;
    this.count += 1;
  }

  /** The data of the chunk. */
  finish(): Uint8Array {
    return Uint8Array.from([this.count >>> 8, this.count & 0xff, this.starts.header, ...this.bits.written]);
  }

  /** Behind a stale marker, a value changes from the one before it; where there is none, from 0. */
  private writeFirst(timeMs: number, high: number, low: number): void {
    this.bits.bytesOf(new ByteWriter().varint(timeMs).written);
    this.bits.writeLong(high, low, 64);
    if (!isStaleMarker(high, low)) this.value.set(high, low);
  }

  private writeJoint(dod: number, high: number, low: number): void {
    const { bits, value } = this;
    if (dod !== 0) {
      writeDod(bits, dod);
      this.writeValue(high, low);
    } else if (isStaleMarker(high, low)) bits.write(0b11111, 5);
    else if (value.isAt(high, low)) bits.write(0, 1);
    else {
      bits.write(0b10, 2);
      value.writeChanged(bits, high, low);
    }
  }

  /** `0` unchanged, `10` same window, `110` new window, `111` stale. */
  private writeValue(high: number, low: number): void {
    if (isStaleMarker(high, low)) this.bits.write(0b111, 3);
    else if (this.value.isAt(high, low)) this.bits.write(0, 1);
    else {
      this.bits.write(1, 1);
      this.value.writeChanged(this.bits, high, low, '10');
    }
  }
}

const dodClasses = [
  { prefix: 0b110, prefixBits: 3, bits: 13 },
  { prefix: 0b1110, prefixBits: 4, bits: 20 },
] as const;

function writeDod(bits: BitWriter, dod: number): void {
  const fitting = dodClasses.find(({ bits: size }) => dod >= -(2 ** (size - 1)) && dod < 2 ** (size - 1));
  bits.write(fitting?.prefix ?? 0b11110, fitting?.prefixBits ?? 5);
  bits.writeSigned(dod, fitting?.bits ?? 64);
}
