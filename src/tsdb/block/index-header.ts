import { ByteCursor } from '../bytes/byte-cursor.ts';
import { crc32c } from '../bytes/crc32c.ts';
import type { FileWindow } from '../bytes/file-window.ts';
import { Damage } from '../damage.ts';

/** Where each section of an index begins (index.md, TOC); 0 where there is none. */
export interface IndexToc {
  readonly symbols: number;
  readonly series: number;
  readonly labelIndices: number;
  readonly labelIndicesTable: number;
  readonly postings: number;
  readonly postingsTable: number;
}

export interface IndexHeader {
  readonly version: 1 | 2 | 3;
  readonly toc: IndexToc;
  /** Exclusive end of the series section. */
  readonly seriesEnd: number;
}

const magic = 0xbaaad700;
export const indexHeaderBytes = 5;
export const tocBytes = 52;

/** Reads the first five bytes and the table of contents at the end. Throws Damage. */
export function readIndexHeader(file: FileWindow): IndexHeader {
  const head = new ByteCursor(file.read(0, indexHeaderBytes));
  const found = head.be32();
  if (found !== magic) throw new Damage('bad-magic', `an index begins with ${found.toString(16)}`, 0);
  const version = head.byte();
  if (version !== 1 && version !== 2 && version !== 3) {
    throw new Damage('bad-version', `index version ${version} is not known`, 4);
  }
  const toc = readToc(file);
  return { version, toc, seriesEnd: findSeriesEnd(toc, file.sizeBytes) };
}

function readToc(file: FileWindow): IndexToc {
  const at = file.sizeBytes - tocBytes;
  if (at < indexHeaderBytes) throw new Damage('truncated', 'an index has no table of contents', file.sizeBytes);
  const bytes = file.read(at, tocBytes);
  const checked = tocBytes - 4;
  if (crc32c(bytes, 0, checked) !== new ByteCursor(bytes, checked).be32()) {
    throw new Damage('bad-checksum', 'the table of contents has a wrong checksum', at);
  }
  const cursor = new ByteCursor(bytes);
  const symbols = cursor.be64();
  const series = cursor.be64();
  const labelIndices = cursor.be64();
  const labelIndicesTable = cursor.be64();
  const postings = cursor.be64();
  const postingsTable = cursor.be64();
  const toc = { symbols, series, labelIndices, labelIndicesTable, postings, postingsTable };
  for (const offset of Object.values(toc)) {
    if (offset < 0 || offset > at) throw new Damage('bad-structure', `a section begins at ${offset}`, at);
  }
  return toc;
}

/** The next section of those that there are; the writer pads between them. */
function findSeriesEnd(toc: IndexToc, sizeBytes: number): number {
  const { series, labelIndices, labelIndicesTable, postings, postingsTable } = toc;
  const later = [labelIndices, labelIndicesTable, postings, postingsTable].filter((offset) => offset > series);
  return Math.min(...later, sizeBytes - tocBytes);
}
