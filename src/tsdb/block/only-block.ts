import { join } from 'node:path';
import { Damage } from '../damage.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { readMeta } from './read-metas.ts';

const ulidLength = 26;

/**
 * A data directory in which one block of another lies alone, as if no compaction had replaced it. Its directory may bear an
 * ending behind the ULID, as of what Prometheus was deleting.
 */
export function onlyBlock(files: TsdbFiles, name: string): TsdbFiles {
  const ulid = name.slice(0, ulidLength);
  const placeOf = (path: string): string | undefined =>
    path === ulid || path.startsWith(`${ulid}/`) ? join(name, path.slice(ulidLength)) : undefined;
  const alone: TsdbFiles = {
    list: (path) => {
      if (path === '.') return [ulid];
      const place = placeOf(path);
      return place === undefined ? [] : files.list(place);
    },
    listLinks: () =>
      files.listLinks().flatMap((path) => (path.startsWith(`${name}/`) ? [join(ulid, path.slice(name.length))] : [])),
    open: (path) => {
      const place = placeOf(path);
      if (place === undefined) throw new Damage('missing', 'is not there', 0);
      return files.open(place);
    },
  };
  return {
    ...alone,
    findMeta: (block) => (block === ulid ? { ...readMeta(alone, ulid), parents: [], deletable: false } : undefined),
  };
}
