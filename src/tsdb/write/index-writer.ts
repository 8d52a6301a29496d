import { Damage } from '../damage.ts';
import { ByteWriter } from './byte-writer.ts';
import type { LabelTable } from './label-table.ts';
import { OutputFile } from './output-file.ts';
import type { SpooledSeries } from './series-spool.ts';

const magic = 0xbaaad700;
const version = 2;
const seriesAlignment = 16;
const postingsAlignment = 4;
/** What four bytes can count, of which lengths and references are made. */
const most32 = 2 ** 32 - 1;

/**
 * Writes an index of version 2 (index.md) and returns the reference of each series. Label indices are
 * left out: no Prometheus reads them, and a current one does not write them any more.
 */
export function writeIndex(path: string, labels: LabelTable, spooled: Iterable<SpooledSeries>): Uint32Array {
  const file = new OutputFile(path);
  try {
    file.write(new ByteWriter().be32(magic).byte(version).written);
    const ranks = labels.ranks();
    const symbols = file.sizeBytes;
    writeSymbols(file, labels.symbols, ranks);
    const series = file.sizeBytes;
    const written = writeSeries(file, { labels, ranks, spooled });
    const seriesEnd = file.sizeBytes;
    file.pad(postingsAlignment);
    const pairs = sortPairs(labels, ranks);
    const offsets = writePostings(file, written, pairs);
    const postingsTable = file.sizeBytes;
    writePostingsTable(file, labels, { pairs, offsets });
    // What is left out has an offset all the same, and postings are said to begin before their padding (index.go ensureStage).
    writeToc(file, [symbols, series, seriesEnd, postingsTable, seriesEnd, postingsTable]);
    file.sync();
    return written.references;
  } finally {
    file.close();
  }
}

function writeSymbols(file: OutputFile, symbols: readonly string[], ranks: Uint32Array): void {
  const sorted = new Array<string>(symbols.length);
  symbols.forEach((symbol, number) => (sorted[ranks[number] as number] = symbol));
  const at = file.sizeBytes;
  file.write(new Uint8Array(4));
  file.startChecksum();
  const entry = new ByteWriter();
  file.write(entry.be32(sorted.length).written);
  for (const symbol of sorted) file.write(entry.clear().uvarintBytes(Buffer.from(symbol, 'latin1')).written);
  endSection(file, at);
}

/** The length in front and the checksum behind. */
function endSection(file: OutputFile, at: number): void {
  const length = file.sizeBytes - at - 4;
  if (length > most32) throw new Damage('out-of-range', 'a section of the index is larger than 4 GiB', at);
  file.writeChecksum();
  file.patch(at, new ByteWriter().be32(length).written);
}

interface WrittenSeries {
  readonly references: Uint32Array;
  /** The number of labels before those of each series, and the pair of each label. */
  readonly labelStarts: Uint32Array;
  readonly labelPairs: Uint32Array;
}

interface SeriesToIndex {
  readonly labels: LabelTable;
  readonly ranks: Uint32Array;
  readonly spooled: Iterable<SpooledSeries>;
}

function writeSeries(file: OutputFile, { labels, ranks, spooled }: SeriesToIndex): WrittenSeries {
  const references = new Numbers();
  const labelStarts = new Numbers();
  const labelPairs = new Numbers();
  const entry = new ByteWriter();
  const length = new ByteWriter();
  const rankOf = (symbol: number | undefined): number => ranks[symbol as number] as number;
  for (const { pairs, chunks } of spooled) {
    file.pad(seriesAlignment);
    const reference = file.sizeBytes / seriesAlignment;
    if (reference > most32) throw new Damage('out-of-range', 'an index is larger than 64 GiB', file.sizeBytes);
    references.add(reference);
    labelStarts.add(labelPairs.length);
    entry.clear().uvarint(pairs.length);
    for (const pair of pairs) {
      labelPairs.add(pair);
      entry.uvarint(rankOf(labels.names[pair])).uvarint(rankOf(labels.values[pair]));
    }
    entry.put(chunks);
    file.write(length.clear().uvarint(entry.length).written);
    file.startChecksum();
    file.write(entry.written);
    file.writeChecksum();
  }
  labelStarts.add(labelPairs.length);
  return { references: references.toArray(), labelStarts: labelStarts.toArray(), labelPairs: labelPairs.toArray() };
}

/** Pairs by name, then by value, as the table of postings lists them. */
function sortPairs({ names, values }: LabelTable, ranks: Uint32Array): Uint32Array {
  const rankOf = (symbols: readonly number[], pair: number): number => ranks[symbols[pair] as number] as number;
  const order = Uint32Array.from(names.keys());
  return order.sort(
    (one, other) => rankOf(names, one) - rankOf(names, other) || rankOf(values, one) - rankOf(values, other),
  );
}

/** Writes all series first, then those of each pair. Returns where each list begins, in that order. */
function writePostings(file: OutputFile, written: WrittenSeries, pairs: Uint32Array): Float64Array {
  const { starts, references } = seriesByPair(written, pairs.length);
  const offsets = new Float64Array(pairs.length + 1);
  offsets[0] = writePosting(file, written.references);
  pairs.forEach((pair, at) => {
    offsets[at + 1] = writePosting(file, references.subarray(starts[pair], starts[pair + 1]));
  });
  return offsets;
}

function writePosting(file: OutputFile, references: Uint32Array): number {
  file.pad(postingsAlignment);
  const at = file.sizeBytes;
  if (4 * references.length + 4 > most32) throw new Damage('out-of-range', 'a label has too many series', at);
  const bytes = Buffer.allocUnsafe(8 + 4 * references.length);
  bytes.writeUInt32BE(4 * references.length + 4, 0);
  bytes.writeUInt32BE(references.length, 4);
  references.forEach((reference, index) => bytes.writeUInt32BE(reference, 8 + 4 * index));
  file.write(bytes.subarray(0, 4));
  file.startChecksum();
  file.write(bytes.subarray(4));
  file.writeChecksum();
  return at;
}

/** The series of each pair side by side in one array, `starts` being where those of a pair begin. */
function seriesByPair({ references, labelStarts, labelPairs }: WrittenSeries, pairCount: number) {
  const starts = new Uint32Array(pairCount + 1);
  for (const pair of labelPairs) starts[pair + 1] = (starts[pair + 1] as number) + 1;
  for (let pair = 0; pair < pairCount; pair += 1) {
    starts[pair + 1] = (starts[pair + 1] as number) + (starts[pair] as number);
  }
  const next = starts.slice(0, pairCount);
  const filled = new Uint32Array(labelPairs.length);
  references.forEach((reference, series) => {
    for (let at = labelStarts[series] as number; at < (labelStarts[series + 1] as number); at += 1) {
      const pair = labelPairs[at] as number;
      const to = next[pair] as number;
      filled[to] = reference;
      next[pair] = to + 1;
    }
  });
  return { starts, references: filled };
}

interface Postings {
  readonly pairs: Uint32Array;
  readonly offsets: Float64Array;
}

function writePostingsTable(
  file: OutputFile,
  { symbols, names, values }: LabelTable,
  { pairs, offsets }: Postings,
): void {
  const at = file.sizeBytes;
  const entry = new ByteWriter();
  const write = (name: string, value: string, offset: number): void => {
    entry.clear().uvarint(2).uvarintBytes(Buffer.from(name, 'latin1')).uvarintBytes(Buffer.from(value, 'latin1'));
    file.write(entry.uvarint(offset).written);
  };
  file.write(new Uint8Array(4));
  file.startChecksum();
  file.write(entry.be32(pairs.length + 1).written);
  write('', '', offsets[0] as number);
  const textOf = (numbers: readonly number[], pair: number): string => symbols[numbers[pair] as number] as string;
  pairs.forEach((pair, index) => write(textOf(names, pair), textOf(values, pair), offsets[index + 1] as number));
  endSection(file, at);
}

function writeToc(file: OutputFile, offsets: readonly number[]): void {
  file.startChecksum();
  const toc = new ByteWriter();
  for (const offset of offsets) toc.be64(offset);
  file.write(toc.written);
  file.writeChecksum();
}

/** Unsigned numbers of 32 bits in a row, four bytes each. */
class Numbers {
  private numbers = new Uint32Array(1024);
  length = 0;

  add(number: number): void {
    if (this.length === this.numbers.length) {
      const larger = new Uint32Array(2 * this.length);
      larger.set(this.numbers);
      this.numbers = larger;
    }
    this.numbers[this.length] = number;
    this.length += 1;
  }

  toArray(): Uint32Array {
    return this.numbers.slice(0, this.length);
  }
}
