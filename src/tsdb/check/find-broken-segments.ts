import { quietFiles } from '../files/quiet-files.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { openSegment } from '../head/open-segment.ts';
import { findOrphanFragments, type OrphanFragments } from '../head/orphan-fragments.ts';
import { listWal } from '../head/wal-directory.ts';

/** A segment with records that were begun and never ended. */
export interface BrokenSegment {
  /** Below the data directory. */
  readonly path: string;
  readonly orphans: readonly OrphanFragments[];
}

/** Looks through a WAL that nobody writes to for records that a failed write has cut off (findOrphanFragments). */
export async function findBrokenSegments(dataDirectory: string): Promise<readonly BrokenSegment[]> {
  return findBrokenSegmentsIn(quietFiles(dataDirectory));
}

/** Reads every header and no content; other work gets its turn between two segments. */
export async function findBrokenSegmentsIn(files: TsdbFiles): Promise<readonly BrokenSegment[]> {
  const broken: BrokenSegment[] = [];
  for (const { path, isLast } of (['wal', 'wbl'] as const).flatMap((log) => listWal(files, log).files)) {
    const window = openSegment(files, path);
    if (window === undefined) continue;
    try {
      const orphans = findOrphanFragments(window, { isLast });
      if (orphans.length > 0) broken.push({ path, orphans });
    } finally {
      window.close();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return broken;
}
