/** Numbers of 64 bits in records of the WAL: Go reads them all, and what a double does not hold is no damage. */
import { expect, test } from 'vitest';
import type { HistogramSample } from '../chunk/sample-sink.ts';
import { hashed, hashHistogram } from '../inventory/sample-digest.ts';
import { parseRecord, recordTypes } from './wal-records.ts';

const huge = 2n ** 60n;
const nowMs = 1_795_934_000_000n;

function uvarint(value: bigint): readonly number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return [...bytes, Number(left)];
}
const varint = (value: bigint) => uvarint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
const fixed = (value: bigint) => Array.from({ length: 8 }, (_, at) => Number((value >> BigInt(56 - 8 * at)) & 0xffn));
const bits = (value: number) => fixed(new BigUint64Array(new Float64Array([value]).buffer)[0] ?? 0n);

function parse(...bytes: readonly (number | readonly number[])[]) {
  const told: unknown[] = [];
  parseRecord(Uint8Array.from(bytes.flat()), {
    series: (reference) => told.push(['series', reference]),
    float: (reference, timeMs, ...[, , startMs]) => told.push([reference, timeMs, startMs]),
    histogram: (reference, timeMs, sample, ...[, { startMs }]) => told.push([reference, timeMs, startMs, sample]),
    deletion: (...deletion) => told.push(['deletion', ...deletion]),
    unheld: () => told.push('unheld'),
  });
  return told;
}

test('a start time that is too large hides no sample, and is known to be there', () => {
  const { samplesV2 } = recordTypes;
  const first = [varint(7n), varint(nowMs), varint(huge)];
  const next = (...start: readonly number[]) => [varint(1n), varint(1000n), start, bits(2)].flat();
  const told = parse(samplesV2, ...first, bits(1), next(1), next(0), next(2, ...varint(nowMs - huge)), next(1));
  expect(told).toEqual([
    [7, Number(nowMs), NaN],
    [8, Number(nowMs) + 1000, NaN],
    [9, Number(nowMs) + 1000, 0],
    [10, Number(nowMs) + 1000, Number(nowMs)],
    [11, Number(nowMs) + 1000, Number(nowMs)],
  ]);
});

test('a time or a reference that is too large is told as such, and what is beside it is read', () => {
  const point = (reference: bigint, timeMs: bigint) => [varint(reference), varint(timeMs), bits(1)].flat();
  const { samples, series, tombstones } = recordTypes;
  expect(parse(samples, fixed(1n), fixed(huge), point(0n, 0n), point(1n, nowMs - huge), point(huge, -huge))).toEqual([
    'unheld',
    [2, Number(nowMs), 0],
    'unheld',
  ]);
  expect(parse(series, fixed(2n ** 64n - 2n ** 60n), 0, fixed(5n), 0)).toEqual(['unheld', ['series', 5]]);
  expect(parse(tombstones, fixed(3n), varint(-huge), varint(5n), fixed(huge), varint(0n), varint(1n))).toEqual([
    ['deletion', 3, -(2 ** 60), 5],
    'unheld',
  ]);
});

function histogram(...counts: readonly bigint[]): HistogramSample {
  const deltas = counts.map((count, at) => varint(BigInt.asIntN(64, count - (counts[at - 1] ?? 0n))));
  const total = counts.reduce((sum, count) => sum + count, 0n);
  const spans = [1, varint(0n), counts.length].flat();
  const value = [0, varint(3n), bits(0.5), uvarint(0n), uvarint(total), bits(1), spans, 0];
  const record = [recordTypes.histograms, fixed(1n), fixed(nowMs), 0, 0, ...value, counts.length, ...deltas, 0];
  const [told] = parse(...record) as [[number, number, number, HistogramSample]];
  return told[3];
}

test('counts of histograms are exact', () => {
  expect(histogram(2n ** 52n, 2n ** 53n - 1n).positive).toEqual([
    [0, 2 ** 52],
    [1, 2 ** 53 - 1],
  ]);
  expect(histogram(2n ** 62n + 1n, 3n, 2n ** 61n)).toMatchObject({
    count: 2n ** 62n + 2n ** 61n + 4n,
    positive: [
      [0, 2n ** 62n + 1n],
      [1, 3],
      [2, 2n ** 61n],
    ],
  });
});

test('their digests tell counts from one another that a double would not', () => {
  const digests = [2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 53n + 2n].map((count) => {
    hashHistogram({ a: 1, b: 2 }, Number(nowMs), histogram(count, 1n));
    return `${hashed.a} ${hashed.b}`;
  });
  expect(new Set(digests).size).toBe(digests.length);
});

test('a bucket in no span is read over, as by Prometheus', () => {
  const value = [0, varint(3n), bits(0.5), uvarint(0n), uvarint(9n), bits(1), [1, varint(0n), 1].flat(), 0];
  const record = [recordTypes.histograms, fixed(1n), fixed(nowMs), 0, 0, ...value, 2, varint(4n), varint(1n), 0];
  expect(parse(...record)).toMatchObject([[1, Number(nowMs), 0, { positive: [[0, 4]] }]]);
});
