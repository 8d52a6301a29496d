import { rmSync } from 'node:fs';
import type { FileWindow } from '../bytes/file-window.ts';
import { damageOfZeros } from '../head/wal-zeros.ts';
import { SegmentWriter } from '../write/segment-writer.ts';
import { salvageSegment } from './salvage-segment.ts';

export interface SalvageCount {
  readonly recordsKept: number;
  readonly bytesLost: number;
}

/** Counts what can be kept of a segment, and tells each damage, also zeros that Prometheus passes over, but for those at an end that may have them. */
export function countSalvage(
  file: FileWindow,
  onDamage: (offset: number, message: string, isPassedOver: boolean) => void,
  mayEndInZeros = false,
): SalvageCount {
  let recordsKept = 0;
  let bytesLost = 0;
  salvageSegment(file, {
    onRecord: () => (recordsKept += 1),
    onLost: ({ from, to, damage }) => {
      bytesLost += to - from;
      onDamage(from, damage.message, false);
    },
    onZeros: (zeros) => {
      if (mayEndInZeros && zeros.isTail) return;
      bytesLost += zeros.to - zeros.from;
      onDamage(zeros.from, damageOfZeros(zeros).message, true);
    },
  });
  return { recordsKept, bytesLost };
}

/** Writes a segment anew with every whole record of `file`, in their order and as they are compressed. */
export function rewriteSegment(file: FileWindow, path: string): SalvageCount {
  rmSync(path, { force: true });
  const writer = new SegmentWriter(path);
  let recordsKept = 0;
  let bytesLost = 0;
  try {
    salvageSegment(file, {
      onRecord: (record) => {
        writer.write(record);
        recordsKept += 1;
      },
      onLost: ({ from, to }) => (bytesLost += to - from),
    });
    writer.finish();
  } finally {
    writer.close();
  }
  return { recordsKept, bytesLost };
}
