import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { BeforeRepair } from '../../model/repair-step.ts';
import { Damage } from '../damage.ts';
import { quietFiles } from '../files/quiet-files.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';

/**
 * A data directory as it was before a repair: everything has its old path in the quarantine, and is looked up there first;
 * what the repair has made is left out. At any moment of a repair it shows the same, but for segments without a byte.
 */
export function filesBefore(directory: string, { folder, made }: BeforeRepair): TsdbFiles {
  const now = quietFiles(directory);
  const aside = quietFiles(folder);
  const isMade = (path: string): boolean => made.some((one) => path === one || path.startsWith(`${one}/`));
  return {
    ...now,
    list: (path) => {
      const stayed = now.list(path).filter((name) => !isMade(join(path, name)));
      return [...new Set([...stayed, ...aside.list(path)])];
    },
    open: (path) => {
      if (lstatSync(join(folder, path), { throwIfNoEntry: false }) !== undefined) return aside.open(path);
      if (isMade(path)) throw new Damage('missing', 'is not there', 0);
      return now.open(path);
    },
  };
}
