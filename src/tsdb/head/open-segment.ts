import { FileWindow } from '../bytes/file-window.ts';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';

/** Undefined for what is no regular file: Prometheus does not start on that, and a check tells it. */
export function openSegment(files: TsdbFiles, path: string): FileWindow | undefined {
  try {
    return new FileWindow(files.open(path));
  } catch (error) {
    if (error instanceof Damage) return undefined;
    throw error;
  }
}
