import { ByteCursor } from '../bytes/byte-cursor.ts';
import { addInt64, type Int64 } from '../bytes/int64.ts';
import { isStaleMarker, type HistogramOrigin, type HistogramSample } from '../chunk/sample-sink.ts';
import { heldStart } from '../chunk/start-times.ts';
import { highWordOf, lowWordOf } from '../chunk/xor-value.ts';
import { Damage } from '../damage.ts';
import { readWalHistogram, type WalHistogram } from './wal-histogram.ts';

/** record/record.go Type. */
export const recordTypes = {
  series: 1,
  samples: 2,
  tombstones: 3,
  exemplars: 4,
  mmapMarkers: 5,
  metadata: 6,
  histograms: 7,
  floatHistograms: 8,
  customHistograms: 9,
  customFloatHistograms: 10,
  samplesV2: 11,
  histogramsV2: 12,
  floatHistogramsV2: 13,
} as const;

/** What records hold, as far as it is samples. Series are named by their reference. */
export interface RecordSink {
  series(reference: number, labels: readonly Uint8Array[]): void;
  /** `startMs` is when its counter began: 0 where nobody said it, NaN where a double does not hold it. */
  float(reference: number, timeMs: number, high: number, low: number, startMs: number): void;
  histogram(
    reference: number,
    timeMs: number,
    sample: HistogramSample,
    isStale: boolean,
    origin: HistogramOrigin,
  ): void;
  /** Both ends inclusive; -Infinity to Infinity where the whole series is gone. */
  deletion(reference: number, fromMs: number, toMs: number): void;
  /** In the WBL: what came before of a series is said to be in the head chunk at this offset of this file. */
  marker?(reference: number, file: number, offset: number): void;
  /** In the place of one of these, where a double does not hold its time or reference. */
  unheld?(): void;
}

/** For whoever wants to know no more than whether records can be parsed. */
export const noSink: RecordSink = {
  series: () => undefined,
  float: () => undefined,
  histogram: () => undefined,
  deletion: () => undefined,
};

/** Parses one record. Exemplars and metadata hold no samples and are left alone; an unknown type is Damage. */
export function parseRecord(bytes: Uint8Array, sink: RecordSink): void {
  const cursor = new ByteCursor(bytes);
  const type = cursor.byte();
  const parse = parsers[type];
  if (parse === undefined) throw new Damage('unknown-record', `record type ${type} is not known`, 0);
  parse(cursor, sink, type);
}

type Parser = (cursor: ByteCursor, sink: RecordSink, type: number) => void;

const skip: Parser = () => undefined;

const parsers: Readonly<Record<number, Parser>> = {
  [recordTypes.series]: parseSeries,
  [recordTypes.samples]: parseSamples,
  [recordTypes.tombstones]: parseDeletions,
  [recordTypes.exemplars]: skip,
  [recordTypes.mmapMarkers]: parseMarkers,
  [recordTypes.metadata]: skip,
  [recordTypes.histograms]: parseHistograms,
  [recordTypes.floatHistograms]: parseHistograms,
  [recordTypes.customHistograms]: parseHistograms,
  [recordTypes.customFloatHistograms]: parseHistograms,
  [recordTypes.samplesV2]: parseSamplesV2,
  [recordTypes.histogramsV2]: parseHistogramsV2,
  [recordTypes.floatHistogramsV2]: parseHistogramsV2,
};

function parseSeries(cursor: ByteCursor, sink: RecordSink): void {
  while (cursor.left > 0) {
    const reference = cursor.wideBe64();
    const count = cursor.uvarint();
    if (count > cursor.left) throw new Damage('bad-structure', `a series counts ${count} labels`, cursor.at);
    const labels: Uint8Array[] = [];
    for (let index = 0; index < 2 * count; index += 1) labels.push(cursor.uvarintBytes());
    if (typeof reference === 'number') sink.series(reference, labels);
    else sink.unheld?.();
  }
}

function parseSamples(cursor: ByteCursor, sink: RecordSink): void {
  walkV1(cursor, (reference, timeMs) => tellFloat(cursor, sink, { reference, timeMs, startMs: 0 }));
}

function parseHistograms(cursor: ByteCursor, sink: RecordSink, type: number): void {
  const isFloat = type === recordTypes.floatHistograms || type === recordTypes.customFloatHistograms;
  walkV1(cursor, (reference, timeMs) =>
    tellHistogram(sink, { reference, timeMs, startMs: 0 }, readWalHistogram(cursor, isFloat)),
  );
}

function parseSamplesV2(cursor: ByteCursor, sink: RecordSink): void {
  walkV2(cursor, (reference, timeMs, startMs) => tellFloat(cursor, sink, { reference, timeMs, startMs }));
}

function parseHistogramsV2(cursor: ByteCursor, sink: RecordSink, type: number): void {
  const isFloat = type === recordTypes.floatHistogramsV2;
  walkV2(cursor, (reference, timeMs, startMs) => {
    tellHistogram(sink, { reference, timeMs, startMs }, readWalHistogram(cursor, isFloat));
  });
}

function walkV1(cursor: ByteCursor, readValue: (reference: Int64, timeMs: Int64) => void): void {
  if (cursor.left === 0) return;
  const baseReference = cursor.wideBe64();
  const baseTime = cursor.wideBe64();
  while (cursor.left > 0) {
    const reference = addInt64(baseReference, cursor.wideVarint());
    readValue(reference, addInt64(baseTime, cursor.wideVarint()));
  }
}

/** A marker says whether there is no start time, the same as before, or a delta to the first. */
function walkV2(cursor: ByteCursor, readValue: (reference: Int64, timeMs: Int64, startMs: Int64) => void): void {
  if (cursor.left === 0) return;
  let reference = cursor.wideVarint();
  const firstTime = cursor.wideVarint();
  const firstStart = cursor.wideVarint();
  let startMs = firstStart;
  readValue(reference, firstTime, startMs);
  while (cursor.left > 0) {
    reference = addInt64(reference, cursor.wideVarint());
    const timeMs = addInt64(firstTime, cursor.wideVarint());
    const marker = cursor.byte();
    if (marker === noStartTime) startMs = 0;
    else if (marker !== sameStartTime) startMs = addInt64(firstStart, cursor.wideVarint());
    readValue(reference, timeMs, startMs);
  }
}

/** record.go noST 0, sameST 1; anything else is explicit. */
const noStartTime = 0;
const sameStartTime = 1;

interface WalPlace {
  readonly reference: Int64;
  readonly timeMs: Int64;
  readonly startMs: Int64;
}

function tellFloat(cursor: ByteCursor, sink: RecordSink, { reference, timeMs, startMs }: WalPlace): void {
  const high = cursor.be32();
  const low = cursor.be32();
  if (typeof reference === 'number' && typeof timeMs === 'number') {
    sink.float(reference, timeMs, high, low, heldStart(startMs));
  } else sink.unheld?.();
}

function tellHistogram(
  sink: RecordSink,
  { reference, timeMs, startMs }: WalPlace,
  { sample, hint }: WalHistogram,
): void {
  const isStale = isStaleMarker(highWordOf(sample.sum), lowWordOf(sample.sum));
  if (typeof reference === 'number' && typeof timeMs === 'number') {
    sink.histogram(reference, timeMs, sample, isStale, { startMs: heldStart(startMs), hint });
  } else sink.unheld?.();
}

function parseDeletions(cursor: ByteCursor, sink: RecordSink): void {
  while (cursor.left > 0) {
    const reference = cursor.wideBe64();
    const [fromMs, toMs] = [cursor.bound(), cursor.bound()];
    if (typeof reference === 'number') sink.deletion(reference, fromMs, toMs);
    else sink.unheld?.();
  }
}

function parseMarkers(cursor: ByteCursor, sink: RecordSink): void {
  while (sink.marker !== undefined && cursor.left > 0) {
    const reference = cursor.wideBe64();
    const [file, offset] = [cursor.be32(), cursor.be32()];
    if (typeof reference === 'number') sink.marker(reference, file, offset);
  }
}
