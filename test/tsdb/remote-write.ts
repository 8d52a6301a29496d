import type { Fixture } from './prometheus.ts';

export interface WrittenHistogram {
  readonly timeMs: number;
  readonly isFloat?: boolean;
  readonly hint?: 'unknown' | 'reset' | 'not-reset' | 'gauge';
  readonly schema: number;
  readonly zeroThreshold?: number;
  readonly zeroCount?: number | bigint;
  readonly sum: number;
  /** Index of the first bucket, and their counts side by side. */
  readonly positive: readonly [from: number, counts: readonly (number | bigint)[]];
  readonly negative?: readonly [from: number, counts: readonly (number | bigint)[]];
  readonly customValues?: readonly number[];
}

export interface WrittenSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples?: readonly { readonly timeMs: number; readonly value: number | 'stale' }[];
  readonly histograms?: readonly WrittenHistogram[];
}

/** Sends samples through the remote-write receiver (prompb/remote.proto, version 1), which takes every kind of them. */
export async function remoteWrite(fixture: Fixture, series: readonly WrittenSeries[]): Promise<void> {
  const message = Buffer.concat(series.map((one) => bytesField(1, encodeSeries(one))));
  const response = await fetch(`http://127.0.0.1:${fixture.port}/api/v1/write`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body: Uint8Array.from(asSnappy(message)),
  });
  if (response.status >= 300) throw new Error(`${response.status} ${await response.text()}`);
}

function encodeSeries({ labels, samples = [], histograms = [] }: WrittenSeries): Buffer {
  const names = Object.entries(labels).sort(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  return Buffer.concat([
    ...names.map(([name, value]) =>
      bytesField(1, Buffer.concat([bytesField(1, Buffer.from(name)), bytesField(2, Buffer.from(value))])),
    ),
    ...samples.map(({ timeMs, value }) =>
      bytesField(2, Buffer.concat([value === 'stale' ? staleField(1) : doubleField(1, value), intField(2, timeMs)])),
    ),
    ...histograms.map((histogram) => bytesField(4, encodeHistogram(histogram))),
  ]);
}

const hints = { unknown: 0, reset: 1, 'not-reset': 2, gauge: 3 } as const;

function encodeHistogram(given: WrittenHistogram): Buffer {
  const { isFloat = false, hint = 'unknown', zeroThreshold = 2 ** -128, zeroCount = 0, customValues = [] } = given;
  const negative = given.negative ?? [0, []];
  const all = [zeroCount, ...given.positive[1], ...negative[1]];
  const count = isFloat
    ? all.reduce<number>((sum, one) => sum + Number(one), 0)
    : all.reduce<bigint>((sum, one) => sum + BigInt(one), 0n);
  const isCustom = given.schema === -53;
  return Buffer.concat([
    isFloat ? doubleField(2, Number(count)) : intField(1, count),
    doubleField(3, given.sum),
    intField(4, zigzag(given.schema)),
    isCustom ? Buffer.alloc(0) : doubleField(5, zeroThreshold),
    isFloat ? doubleField(7, Number(zeroCount)) : intField(6, zeroCount),
    ...encodeBuckets(negative, { spans: 8, deltas: 9, counts: 10 }, isFloat),
    ...encodeBuckets(given.positive, { spans: 11, deltas: 12, counts: 13 }, isFloat),
    intField(14, hints[hint]),
    intField(15, given.timeMs),
    customValues.length === 0 ? Buffer.alloc(0) : bytesField(16, Buffer.concat(customValues.map(double))),
  ]);
}

function encodeBuckets(
  [from, counts]: readonly [number, readonly (number | bigint)[]],
  fields: { readonly spans: number; readonly deltas: number; readonly counts: number },
  isFloat: boolean,
): readonly Buffer[] {
  if (counts.length === 0) return [];
  const span = Buffer.concat([intField(1, zigzag(from)), intField(2, counts.length)]);
  return [
    bytesField(fields.spans, span),
    isFloat
      ? bytesField(fields.counts, Buffer.concat(counts.map((one) => double(Number(one)))))
      : bytesField(fields.deltas, Buffer.concat(counts.map((one, at) => delta(one, counts[at - 1] ?? 0)))),
  ];
}

function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function delta(count: number | bigint, before: number | bigint): Buffer {
  const difference = BigInt(count) - BigInt(before);
  return varint((difference << 1n) ^ (difference >> 63n));
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

function intField(field: number, value: number | bigint): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

function doubleField(field: number, value: number): Buffer {
  return Buffer.concat([varint((field << 3) | 1), double(value)]);
}

function staleField(field: number): Buffer {
  return Buffer.concat([varint((field << 3) | 1), Buffer.from('020000000000f07f', 'hex')]);
}

function bytesField(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
}

/** Snappy that compresses nothing: literals of up to 64 KiB. */
function asSnappy(bytes: Buffer): Buffer {
  const parts = [varint(bytes.length)];
  for (let at = 0; at < bytes.length; at += 65_536) {
    const literal = bytes.subarray(at, at + 65_536);
    parts.push(Buffer.from([61 << 2, (literal.length - 1) & 0xff, (literal.length - 1) >>> 8]), literal);
  }
  return Buffer.concat(parts);
}
