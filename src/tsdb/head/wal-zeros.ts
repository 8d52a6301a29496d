import { Damage } from '../damage.ts';
import { fragmentHeaderBytes, full, pageBytes, pageTerm } from './wal-fragment.ts';
import type { Fragment } from './wal-segment.ts';
import { recordTypes } from './wal-records.ts';

/** Bytes of a segment that are zero where no padding can be, [from, to). */
export interface WalZeros {
  readonly from: number;
  readonly to: number;
  /** True where they reach to the end of the file. */
  readonly isTail: boolean;
}

/**
 * Looks for pages, or the rest of one, that were never written: what a crash of an NFS server or client leaves. A zero ends
 * a page (wal.md), and so Prometheus passes over them as over padding; but only the last page of a segment is ever left
 * with room for a fragment, or one that was emptied on purpose. To be given each fragment in its order.
 */
export function findZeros(sizeBytes: number, onZeros: (zeros: WalZeros) => void): (fragment: Fragment) => void {
  let from: number | null = null;
  let isEmptied = false;
  return (fragment) => {
    const { at, next, type } = fragment;
    if (type !== pageTerm) {
      if (from !== null) onZeros({ from, to: at, isTail: false });
      from = null;
      isEmptied = isMark(fragment);
      return;
    }
    const isWholePage = at % pageBytes === 0;
    const hasRoom = next - at > fragmentHeaderBytes && next < sizeBytes && !isEmptied;
    isEmptied = false;
    if (isWholePage || hasRoom) from ??= at;
    if (from !== null && next === sizeBytes) onZeros({ from, to: next, isTail: true });
  };
}

/**
 * The content of the record that stands where the rest of a page was emptied on purpose (ADR 0009): samples, but none. No
 * Prometheus writes such a one, and each passes over it.
 */
export const emptiedMark = Uint8Array.of(recordTypes.samples);

function isMark({ type, compression, bytes }: Fragment): boolean {
  return type === full && compression === 'none' && bytes.length === 1 && bytes[0] === emptiedMark[0];
}

export function damageOfZeros({ from, to, isTail }: WalZeros): Damage {
  const words = isTail
    ? `it is all zero from there on, so that samples of the last moments before may be missing`
    : `it is all zero up to byte ${to}: records that were there are gone, and Prometheus does not notice`;
  return new Damage('zero-filled', words, from);
}
