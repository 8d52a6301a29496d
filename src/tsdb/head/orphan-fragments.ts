import type { FileWindow } from '../bytes/file-window.ts';
import { Damage } from '../damage.ts';
import { first, full, last, pageBytes, pageTerm, readFragmentHeader } from './wal-fragment.ts';

/** Bytes from `from` up to `to`, whole fragments that end where a page ends. */
export interface OrphanFragments {
  readonly from: number;
  readonly to: number;
}

/**
 * Fragments of records that were begun and never ended although something follows them: what a write to the WAL that failed
 * half-way leaves, as on a full disk (wlog.go log returns after its first fragments, and the next record begins a page).
 * Prometheus takes them for damage, and its repair deletes everything behind. Ends at the first byte that is damaged in
 * another way. `isLast`: nothing follows the segment, so that a record that it ends in may just be torn.
 */
export function findOrphanFragments(file: FileWindow, { isLast }: { readonly isLast: boolean }): OrphanFragments[] {
  const orphans: OrphanFragments[] = [];
  let begunAt: number | null = null;
  let at = 0;
  try {
    while (at < file.sizeBytes) {
      const { type, next } = readFragmentHeader(file, at);
      const begins = type === full || type === first;
      if (begunAt !== null && begins) {
        // The first fragments of a record fill their pages, so that the record that comes instead of the next begins one.
        if (at % pageBytes !== 0) return orphans;
        orphans.push({ from: begunAt, to: at });
        begunAt = null;
      }
      if (type > last || (type !== pageTerm && !begins && begunAt === null)) return orphans;
      if (type === first) begunAt = at;
      if (type === last) begunAt = null;
      at = next;
    }
  } catch (error) {
    if (error instanceof Damage) return orphans;
    throw error;
  }
  if (begunAt !== null && !isLast && at % pageBytes === 0) orphans.push({ from: begunAt, to: at });
  return orphans;
}
