/**
 * Three TSDBs of blocks, made at random: floats, NaNs of different bits and stale markers at few times, so that many of them
 * meet. What the comparison finds, in parts of any size, is what plain maps find; and once the losers' samples are dropped
 * from a directory with all blocks, it holds the union and nothing else.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { staleHigh, staleLow } from '../chunk/sample-sink.ts';
import { quietFiles } from '../files/quiet-files.ts';
import { takeInventory } from '../inventory/take-inventory.ts';
import { windowMs } from '../inventory/window-table.ts';
import { BlockWriter } from '../write/block-writer.ts';
import { dropLosers } from '../write/drop-losers.ts';
import { newUlid } from '../write/new-ulid.ts';
import { XorEncoder } from '../write/xor-encoder.ts';
import { compareUnion } from './compare-union.ts';

/** A sample's place, and one of a few values. */
interface Sample {
  readonly series: number;
  readonly at: number;
  readonly value: number;
}

/** The halves of the bits: two numbers, two NaNs that are no stale markers, and a stale marker. */
const values = [
  [0x3ff00000, 0],
  [0x40000000, 0],
  [0x7ff80000, 1],
  [0x7ff80000, 3],
  [staleHigh, staleLow],
] as const;
const stepMs = windowMs / 4;
const startMs = 1000 * windowMs;

const sample: fc.Arbitrary<Sample> = fc.record({
  series: fc.nat(2),
  at: fc.nat(11),
  value: fc.nat(values.length - 1),
});
const source = fc.array(sample, { maxLength: 25 });

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'holdfast-union-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

type Samples = ReadonlyMap<string, Sample>;

function keyed(samples: readonly Sample[]): Samples {
  return new Map(samples.map((one) => [`${one.series} ${one.at}`, one]));
}

/** One block with all of it; none where there is nothing. */
function writeSource(directory: string, samples: Samples): readonly string[] {
  mkdirSync(directory);
  if (samples.size === 0) return [];
  const ulid = newUlid(startMs, randomBytes(10));
  const writer = new BlockWriter({ directory, ulid });
  for (const series of [0, 1, 2]) {
    const own = [...samples.values()].filter((one) => one.series === series).sort((one, other) => one.at - other.at);
    const [first, last] = [own[0], own.at(-1)];
    if (first === undefined || last === undefined) continue;
    const encoder = new XorEncoder();
    for (const { at, value } of own) {
      const [high, low] = values[value] ?? values[0];
      encoder.add(startMs + at * stepMs, high, low);
    }
    const times = { minTime: startMs + first.at * stepMs, maxTime: startMs + last.at * stepMs };
    const labels = ['__name__', 'value', 'series', String(series)].map((text) => Buffer.from(text));
    writer.addSeries({ labels, chunks: [{ ...times, encoding: 1, data: encoder.finish() }] });
  }
  writer.complete({ minTime: startMs, maxTime: startMs + 3 * windowMs, level: 1, sources: [], hints: [] });
  writer.publish();
  return [ulid];
}

const windows = [0, 1, 2].map((number) => ({ fromMs: startMs + number * windowMs, samples: 50 }));
let runs = 0;

describe('a union of TSDBs', () => {
  it('is compared as plain maps are, in parts of any size, and loses what it is told to lose', () => {
    fc.assert(
      fc.property(
        fc.tuple(source, source, source),
        fc.nat(2),
        fc.integer({ min: 20, max: 200 }),
        (all, winner, most) => {
          runs += 1;
          const place = join(root, String(runs));
          mkdirSync(place);
          const maps = all.map(keyed);
          const directories = maps.map((_, number) => join(place, String(number)));
          const blocks = maps.map((samples, number) => writeSource(directories[number] ?? '', samples));
          const ask = { sources: directories.map(quietFiles), windows, mostSamples: most, onRead: () => undefined };
          const found = compareUnion({ ...ask, winner, result: null }).conflicts;
          expect(found.samples).toBe(countConflicts(maps, winner));
          expect(found.series.listed.reduce((sum, { samples }) => sum + samples, 0)).toBe(found.samples);
          if (found.pairs.some(({ one, other }) => one !== winner && other !== winner)) return;
          const result = join(place, 'result');
          mkdirSync(result);
          for (const directory of directories) cpSync(directory, result, { recursive: true });
          const losers = blocks.flatMap((own, number) => (number === winner ? [] : own));
          const drop = { directory: result, winners: blocks[winner] ?? [], losers, onRead: () => undefined };
          expect(dropLosers(drop).samples).toBe(found.samples);
          expect(dropLosers(drop).samples).toBe(0);
          const { sources, added } = compareUnion({ ...ask, winner, result: quietFiles(result) });
          expect(added).toBe(0);
          expect(sources.map(({ lost }) => lost)).toEqual([0, 0, 0]);
          expect(sources.map(({ kept, dropped }) => kept + dropped)).toEqual(maps.map(({ size }) => size));
          expect(sources[winner]?.dropped).toBe(0);
          const { totals, findings } = takeInventory({
            files: quietFiles(result),
            settledMs: null,
            onRead: () => undefined,
          });
          expect(findings).toEqual([]);
          expect(totals.samples + totals.staleMarkers).toBe(
            new Set(maps.flatMap((samples) => [...samples.keys()])).size,
          );
          // What is not in the result is lost, and what no source has is added.
          const empty = join(place, 'empty');
          mkdirSync(empty);
          const nothing = compareUnion({ ...ask, winner, result: quietFiles(empty) }).sources;
          expect(nothing.map(({ lost }) => lost)).toEqual(maps.map(({ size }) => size));
          const alone = compareUnion({ ...ask, sources: [], winner: null, result: quietFiles(result) });
          expect(alone.added).toBe(totals.samples + totals.staleMarkers);
        },
      ),
      { numRuns: 12 },
    );
  }, 240_000);
});

function countConflicts(maps: readonly Samples[], winner: number): number {
  const order = [winner, ...[0, 1, 2].filter((number) => number !== winner)];
  const first = new Map<string, number>();
  let count = 0;
  for (const number of order) {
    for (const [key, { value }] of maps[number] ?? []) {
      const known = first.get(key);
      if (known === undefined) first.set(key, value);
      else if (known !== value) count += 1;
    }
  }
  return count;
}
