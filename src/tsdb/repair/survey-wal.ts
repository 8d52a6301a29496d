import { dirname } from 'node:path';
import type { DamagedSegment } from '../../model/tsdb-repair.ts';
import { FileWindow } from '../bytes/file-window.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { listWal } from '../head/wal-directory.ts';
import { surveyLayout, type ListEntries, type WalFault, type WalMending } from '../head/wal-layout.ts';
import { readSegment } from '../head/wal-segment.ts';
import { DamageList } from './damage-list.ts';
import { settleRenames } from './settle-renames.ts';
import { countSalvage } from './rewrite-segment.ts';

export interface WalSurvey {
  readonly segments: readonly DamagedSegment[];
  readonly mending: WalMending;
  readonly notes: readonly string[];
}

export interface WalToSurvey {
  readonly files: TsdbFiles;
  readonly listEntries: ListEntries;
  readonly onRead: (bytes: number) => void;
}

/**
 * The segments of wal/ or wbl/ that hold damage, in the newest checkpoint too, and what is wrong with their names. The last
 * one of wal/ may be torn where there is no wbl/: a crash leaves it so, nothing follows, and Prometheus cuts it off by itself. The last one of either may end in zeros, which nobody can tell from padding.
 */
export function surveyWal({ files, listEntries, onRead }: WalToSurvey, log: 'wal' | 'wbl'): WalSurvey {
  const { faults, mending: wanted } = surveyLayout(listEntries, log);
  const mending = settleRenames(files, wanted, onRead);
  const skipped = new Set([...mending.aside, ...mending.blockers].map(({ path }) => path));
  const { files: read, hole } = listWal(files, log);
  const renamed = mending.renames.map(({ from }) => from);
  const paths = [...read.map(({ path }) => path), ...(hole?.unread ?? []), ...renamed].filter(
    (path) => !skipped.has(path),
  );
  // Where wbl/ is torn, 2.42 cuts wal/ (find-wal-faults.ts). With a torn WAL, Prometheus does not read wbl/ in that life, and
  // its next compaction of late samples deletes it.
  const hasLate = log === 'wal' && listWal(files, 'wbl').files.length > 0;
  const notes = faults.flatMap(noteOf);
  const segments: DamagedSegment[] = [];
  for (const path of paths) {
    const isLast = path === paths.at(-1) && dirname(path) === log;
    const mayBeTorn = isLast && log === 'wal' && !hasLate;
    const found = surveySegment(files, path, { isLast, mayBeTorn, onRead });
    if (found === 'torn')
      notes.push(`${path} ends within a record, as after a crash: Prometheus cuts that off, and nothing else.`);
    else if (found !== undefined) segments.push(found);
  }
  return { segments, mending, notes };
}

/** What is gone, and cannot be mended. */
function noteOf(fault: WalFault): readonly string[] {
  if (fault.kind !== 'hollow') return [];
  return [
    `${fault.checkpoint} has no ${fault.first}: Prometheus starts, and samples of series that were named there have no labels any more. Nothing here can bring them back; a copy can.`,
  ];
}

interface SegmentLook {
  readonly isLast: boolean;
  readonly mayBeTorn: boolean;
  readonly onRead: (bytes: number) => void;
}

function surveySegment(
  files: TsdbFiles,
  path: string,
  { isLast, mayBeTorn, onRead }: SegmentLook,
): DamagedSegment | 'torn' | undefined {
  const file = new FileWindow(files.open(path), onRead);
  try {
    const { damage } = readSegment(file, () => undefined);
    const damages = new DamageList();
    let zeros = 0;
    const { recordsKept, bytesLost } = countSalvage(
      file,
      (offset, message, isZero) => {
        zeros += isZero ? 1 : 0;
        damages.add(`${path} at byte ${offset}: ${message}`);
      },
      isLast,
    );
    if (damages.count === 0 && damage === null) return undefined;
    if (mayBeTorn && damages.count === 1 && damage?.rule === 'truncated') return 'torn';
    if (damages.count === 0 && damage !== null) damages.add(`${path} at byte ${damage.offset}: ${damage.message}`);
    const { named, count } = damages;
    const said = { path, sizeBytes: file.sizeBytes, damages: named, damageCount: count };
    return { ...said, recordsKept, bytesLost, isPassedOver: zeros === count && damage === null };
  } finally {
    file.close();
  }
}
