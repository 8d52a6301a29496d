import type { TableEntry } from '../block/offset-table.ts';

/**
 * A hash of a name or a value, by which postings are compared with labels: FNV-1a, which on the ten bytes that most have is
 * done before a call of anything else has begun, and a last round that spreads what it has left in the upper bits. Empty
 * text has 0.
 */
export function hashOf(text: Uint8Array, from = 0, to = text.length): number {
  if (from === to) return 0;
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (text[at] as number), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** A text in bytes that hold more; used again for the next one, where there are millions of them. */
export class TextPlace {
  bytes: Uint8Array;
  from = 0;
  /** Exclusive. */
  to = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  set(from: number, to: number, bytes = this.bytes): void {
    this.bytes = bytes;
    this.from = from;
    this.to = to;
  }
}

/** The order of two texts, bytewise: negative where the first one is smaller. */
export function compareText(one: TextPlace, other: TextPlace): number {
  const [bytes, others] = [one.bytes, other.bytes];
  const shared = Math.min(one.to - one.from, other.to - other.from);
  const shift = other.from - one.from;
  for (let at = one.from; at < one.from + shared; at += 1) {
    const difference = (bytes[at] as number) - (others[at + shift] as number);
    if (difference !== 0) return difference;
  }
  return one.to - one.from - (other.to - other.from);
}

/** The hash of key 0 or 1. */
export function hashOfKey({ bytes, keys }: TableEntry, key: 0 | 1): number {
  return hashOf(bytes, keys[2 * key], keys[2 * key + 1]);
}
