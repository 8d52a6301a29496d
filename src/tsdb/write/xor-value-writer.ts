import type { BitWriter } from './bit-writer.ts';

/** Writes a float64 that changes by XOR with the one before; the counterpart of XorValue (chunkenc/xor.go xorWrite). */
export class XorValueWriter {
  private high = 0;
  private low = 0;
  /** The window of bits that changed last; none yet. */
  private window: { readonly leading: number; readonly trailing: number } | undefined;

  writeWhole(bits: BitWriter, high: number, low: number): void {
    bits.writeLong(high, low, 64);
    this.high = high;
    this.low = low;
  }

  /** From here on values change from this one. */
  set(high: number, low: number): void {
    this.high = high;
    this.low = low;
  }

  isAt(high: number, low: number): boolean {
    return this.high === high && this.low === low;
  }

  /** `0` unchanged, `10` in the same window, `11` in a new one. */
  writeNext(bits: BitWriter, high: number, low: number): void {
    if (this.isAt(high, low)) {
      bits.write(0, 1);
      return;
    }
    bits.write(1, 1);
    this.writeChanged(bits, high, low);
  }

  /** `0` in the same window, and else the prefix of a new one. The value is another one than before. */
  writeChanged(bits: BitWriter, high: number, low: number, newWindow: '1' | '10' = '1'): void {
    const changedHigh = (high ^ this.high) >>> 0;
    const changedLow = (low ^ this.low) >>> 0;
    this.high = high;
    this.low = low;
    // Five bits hold no more.
    const leading = Math.min(31, changedHigh === 0 ? 32 + Math.clz32(changedLow) : Math.clz32(changedHigh));
    const trailing = changedLow === 0 ? 32 + trailingZeros(changedHigh) : trailingZeros(changedLow);
    const { window } = this;
    if (window !== undefined && leading >= window.leading && trailing >= window.trailing) {
      bits.write(0, 1);
      writeWindow(bits, { high: changedHigh, low: changedLow, ...window });
      return;
    }
    this.window = { leading, trailing };
    bits.write(Number.parseInt(newWindow, 2), newWindow.length);
    bits.write(leading, 5);
    // 64 significant bits are written as 0: no value has none.
    bits.write((64 - leading - trailing) & 63, 6);
    writeWindow(bits, { high: changedHigh, low: changedLow, leading, trailing });
  }
}

interface Changed {
  readonly high: number;
  readonly low: number;
  readonly leading: number;
  readonly trailing: number;
}

function writeWindow(bits: BitWriter, { high, low, leading, trailing }: Changed): void {
  const size = 64 - leading - trailing;
  if (trailing >= 32) bits.writeLong(0, high >>> (trailing - 32), size);
  else if (trailing === 0) bits.writeLong(high, low, size);
  else bits.writeLong(high >>> trailing, ((low >>> trailing) | (high << (32 - trailing))) >>> 0, size);
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
