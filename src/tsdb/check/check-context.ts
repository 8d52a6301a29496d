import { kernelBuffer } from '../bytes/kernel-memory.ts';
import { FileWindow } from '../bytes/file-window.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import type { ListEntries } from '../head/wal-layout.ts';
import type { CheckReport } from './check-report.ts';

/** What every part of a check needs. */
export interface CheckContext {
  readonly files: TsdbFiles;
  readonly report: CheckReport;
  /** Told how many bytes were read. */
  readonly onRead: (bytes: number) => void;
  /** True where a Prometheus writes meanwhile: then what is half-made may only be under way. */
  readonly isLive: boolean;
  /** What lies in a directory, of which kind each. */
  readonly listEntries: ListEntries;
  /** True for a path that is still there: one that has gone meanwhile is no damage. */
  readonly isThere: (path: string) => boolean;
}

/**
 * Opens a file to be read forwards. Two files can be read at a time, each through one buffer of the checksum kernel.
 * Throws Damage where it cannot be opened.
 */
export function openWindow({ files, onRead }: CheckContext, path: string, buffer: 0 | 1): FileWindow {
  return new FileWindow(files.open(path), onRead, kernelBuffer(buffer));
}
