import { ByteCursor } from '../bytes/byte-cursor.ts';
import { crc32c } from '../bytes/crc32c.ts';
import { FileWindow } from '../bytes/file-window.ts';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';

/** Deleted ranges, both ends inclusive, by the reference of a series. */
export type Tombstones = ReadonlyMap<number, readonly (readonly [fromMs: number, toMs: number])[]>;

const magic = 0x0130ba30;

/** A block's tombstones file (tombstones.md); none where there is no file. Throws Damage. */
export function readTombstones(files: TsdbFiles, path: string): Tombstones {
  const file = openIfThere(files, path);
  if (file === undefined) return new Map();
  try {
    return parseTombstones(file.read(0, file.sizeBytes));
  } finally {
    file.close();
  }
}

function openIfThere(files: TsdbFiles, path: string): FileWindow | undefined {
  try {
    return new FileWindow(files.open(path));
  } catch (error) {
    if (error instanceof Damage && error.rule === 'missing') return undefined;
    throw error;
  }
}

export function parseTombstones(bytes: Uint8Array): Tombstones {
  if (bytes.length < 9) throw new Damage('truncated', 'tombstones are too short', bytes.length);
  const cursor = new ByteCursor(bytes, 0, bytes.length - 4);
  if (cursor.be32() !== magic) throw new Damage('bad-magic', 'tombstones do not begin as such', 0);
  if (cursor.byte() !== 1) throw new Damage('bad-version', 'tombstones have an unknown version', 4);
  // Magic number and version are not part of it (tombstones.go WriteFile).
  if (crc32c(bytes, 5, bytes.length - 4) !== new ByteCursor(bytes, bytes.length - 4).be32()) {
    throw new Damage('bad-checksum', 'tombstones have a wrong checksum', 5);
  }
  const stones = new Map<number, (readonly [number, number])[]>();
  while (cursor.left > 0) addInterval(stones, cursor.uvarint(), [cursor.varint(), cursor.varint()]);
  return stones;
}

export function addInterval(
  stones: Map<number, (readonly [number, number])[]>,
  reference: number,
  interval: readonly [number, number],
): void {
  const known = stones.get(reference);
  if (known === undefined) stones.set(reference, [interval]);
  else known.push(interval);
}

export function isDeleted(intervals: readonly (readonly [number, number])[] | undefined, timeMs: number): boolean {
  return intervals?.some(([fromMs, toMs]) => timeMs >= fromMs && timeMs <= toMs) ?? false;
}
