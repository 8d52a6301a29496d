import { BitWriter } from './bit-writer.ts';
import { ByteWriter } from './byte-writer.ts';
import { XorValueWriter } from './xor-value-writer.ts';

/** A chunk's number of samples stands in two bytes. */
export const mostSamplesInChunk = 65_535;

/** Encodes floats as an XOR chunk (chunks.md), bit for bit as Prometheus does. Times must increase. */
export class XorEncoder {
  private readonly bits = new BitWriter();
  private readonly value = new XorValueWriter();
  private count = 0;
  private timeMs = 0;
  private deltaMs = 0;

  get samples(): number {
    return this.count;
  }

  /** `high` and `low` are the halves of the float's bits. */
  add(timeMs: number, high: number, low: number): void {
    if (this.count === mostSamplesInChunk) throw new Error('An XOR chunk is full.');
    if (this.count === 0) this.bits.bytesOf(new ByteWriter().varint(timeMs).written);
    else this.addTime(timeMs);
    if (this.count === 0) this.value.writeWhole(this.bits, high, low);
    else this.value.writeNext(this.bits, high, low);
    this.timeMs = timeMs;
    this.count += 1;
  }

  /** The data of the chunk. */
  finish(): Uint8Array {
    const { written } = this.bits;
    const data = new Uint8Array(2 + written.length);
    data[0] = this.count >>> 8;
    data[1] = this.count & 0xff;
    data.set(written, 2);
    return data;
  }

  private addTime(timeMs: number): void {
    const deltaMs = timeMs - this.timeMs;
    if (deltaMs <= 0) throw new Error(`A sample at ${timeMs} follows one at ${this.timeMs}.`);
    if (this.count === 1) this.bits.bytesOf(new ByteWriter().uvarint(deltaMs).written);
    else writeDod(this.bits, deltaMs - this.deltaMs);
    this.deltaMs = deltaMs;
  }
}

/** Prefix, its bits, and the bits of the number, which reaches from -(2^(bits-1) - 1) to 2^(bits-1). */
const dodClasses = [
  { prefix: 0b10, prefixBits: 2, bits: 14 },
  { prefix: 0b110, prefixBits: 3, bits: 17 },
  { prefix: 0b1110, prefixBits: 4, bits: 20 },
] as const;

function writeDod(bits: BitWriter, dod: number): void {
  if (dod === 0) {
    bits.write(0, 1);
    return;
  }
  const fitting = dodClasses.find(({ bits: size }) => dod >= -(2 ** (size - 1) - 1) && dod <= 2 ** (size - 1));
  bits.write(fitting?.prefix ?? 0b1111, fitting?.prefixBits ?? 4);
  bits.writeSigned(dod, fitting?.bits ?? 64);
}
