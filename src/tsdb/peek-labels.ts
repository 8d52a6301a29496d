import { join } from 'node:path';
import type { BlockMeta } from '../model/block.ts';
import { readLabelValues } from './block/label-values.ts';
import { FileWindow } from './bytes/file-window.ts';
import { Damage } from './damage.ts';
import type { TsdbFiles } from './files/tsdb-files.ts';
import { listWal, readWal } from './head/wal-directory.ts';
import { parseRecord } from './head/wal-records.ts';

/** Series of a WAL that are looked at. */
const mostSeries = 20_000;

export type LabelValues = ReadonlyMap<string, ReadonlySet<string>>;

/** Values of some labels in the newest block that can be read, or among the first series of the WAL where there is none. */
export function peekLabels(files: TsdbFiles, blocks: readonly BlockMeta[], names: readonly string[]): LabelValues {
  return peekBlock(files, blocks, names) ?? peekWal(files, names);
}

function peekBlock(files: TsdbFiles, blocks: readonly BlockMeta[], names: readonly string[]): LabelValues | undefined {
  for (const { ulid } of blocks.toSorted((one, other) => other.maxTime - one.maxTime)) {
    const values = emptyValues(names);
    try {
      const index = new FileWindow(files.open(join(ulid, 'index')));
      try {
        readLabelValues(index, new Set(names), (name, value) => values.get(name)?.add(value));
        return values;
      } finally {
        index.close();
      }
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
    }
  }
  return undefined;
}

function emptyValues(names: readonly string[]): ReadonlyMap<string, Set<string>> {
  return new Map(names.map((name) => [name, new Set<string>()]));
}

class Enough extends Error {}

function peekWal(files: TsdbFiles, names: readonly string[]): LabelValues {
  const values = emptyValues(names);
  let count = 0;
  const sink = {
    series: (_: number, labels: readonly Uint8Array[]) => {
      for (let index = 0; index + 1 < labels.length; index += 2) {
        values.get(textOf(labels[index]))?.add(textOf(labels[index + 1]));
      }
      if ((count += 1) >= mostSeries) throw new Enough();
    },
    deletion: () => undefined,
    float: () => undefined,
    histogram: () => undefined,
  };
  const { files: read, hole } = listWal(files, 'wal');
  // Whose it is, segments say as well that Prometheus would not reach.
  const unread = (hole?.unread ?? []).map((path) => ({ path, isLast: false }));
  try {
    readWal(
      files,
      { files: [...read, ...unread], hole: null },
      {
        onRecord: ({ bytes }) => parseRecord(bytes, sink),
        onDamage: () => undefined,
      },
    );
  } catch (error) {
    if (!(error instanceof Enough) && !(error instanceof Damage)) throw error;
  }
  return values;
}

function textOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('utf8');
}
