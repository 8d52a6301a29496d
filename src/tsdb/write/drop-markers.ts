import { rename, stat } from 'node:fs/promises';
import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { removeHalfMadeFiles, syncDirectory } from '../../files/atomic-file.ts';
import { withFsErrors } from '../../files/fs-errors.ts';
import { halfMadeName } from '../../files/half-made.ts';
import { decompress } from '../bytes/decompress.ts';
import type { FileWindow } from '../bytes/file-window.ts';
import { quietFiles } from '../files/quiet-files.ts';
import { openSegment } from '../head/open-segment.ts';
import { listWal } from '../head/wal-directory.ts';
import { recordTypes } from '../head/wal-records.ts';
import { salvageSegment } from '../repair/salvage-segment.ts';
import { SegmentWriter, type RawRecord } from './segment-writer.ts';

/**
 * Replaces each segment of wbl/ by one without its markers: Prometheus then replays all samples in it, and answers once what
 * a head chunk holds as well. The other records stay as they are. What has another name for the old segment, as what was
 * set aside, keeps it. May be called again after a crash anywhere. Throws `disk-full` or `io`.
 */
export async function dropMarkers(dataDirectory: string): Promise<void> {
  const wbl = join(dataDirectory, 'wbl');
  await removeHalfMadeFiles(wbl);
  const files = quietFiles(dataDirectory);
  for (const { path } of listWal(files, 'wbl').files) {
    const segment = join(dataDirectory, path);
    const file = openSegment(files, path);
    if (file === undefined) continue;
    const half = halfMadeName(segment);
    await withFsErrors(segment, 'write', async () => {
      try {
        const { mode } = await stat(segment);
        if (copyWithout(file, half) === 0) return;
        chmodSync(half, mode & 0o777);
        await rename(half, segment);
      } finally {
        file.close();
        rmSync(half, { force: true });
      }
    });
  }
  await syncDirectory(wbl);
}

/** Returns how many records were left out. */
function copyWithout(file: FileWindow, path: string): number {
  const writer = new SegmentWriter(path);
  let dropped = 0;
  try {
    salvageSegment(file, {
      onRecord: (record) => {
        if (isMarkers(record)) dropped += 1;
        else writer.write(record);
      },
      onLost: () => undefined,
    });
    writer.finish();
  } finally {
    writer.close();
  }
  return dropped;
}

function isMarkers({ compression, bytes }: RawRecord): boolean {
  return decompress(compression, bytes)[0] === recordTypes.mmapMarkers;
}
