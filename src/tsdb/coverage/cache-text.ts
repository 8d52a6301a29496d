import { createHash } from 'node:crypto';
import type { CoverageRange } from '../../model/tsdb-coverage.ts';
import { isBlockName } from '../block-name.ts';
import type { BlockRecord } from './block-stamp.ts';
import { mostJobs, type JobTimes, type StreamTimes, type UnitTimes } from './unit-times.ts';

/** What is known of the blocks of one data directory (docs/format/coverage-cache.md). */
export interface CachedBlocks {
  readonly blocks: readonly BlockRecord[];
  readonly units: readonly CachedUnit[];
}

/** The times of one block, or of those that overlap. */
export interface CachedUnit {
  readonly of: readonly string[];
  readonly times: UnitTimes;
}

const head = 'holdfast-coverage 1 ';

export function renderCacheText({ blocks, units }: CachedBlocks): string {
  const text = JSON.stringify({ blocks, units: units.map(({ of, times }) => ({ of, times: packUnit(times) })) });
  return `${head}${hashOf(text)}\n${text}\n`;
}

/** Undefined for what is not one, is cut short, was changed, or was written by another version. Nothing in it is believed. */
export function parseCacheText(text: string): CachedBlocks | undefined {
  const end = text.indexOf('\n');
  const body = text.slice(end + 1, -1);
  if (end === -1 || text.slice(0, end) !== `${head}${hashOf(body)}`) return undefined;
  try {
    const value = asObject(JSON.parse(body) as unknown);
    return { blocks: asArray(value['blocks']).map(parseBlock), units: asArray(value['units']).map(parseUnit) };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof Wrong) return undefined;
    throw error;
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Stretches take most of the room, so they are numbers in a row. */
function packUnit({ all, jobs, hasMoreJobs }: UnitTimes): unknown {
  return {
    all: packStream(all),
    jobs: jobs.map(({ job, down, ...times }) => ({ job, ...packStream(times), down: packRuns(down) })),
    hasMoreJobs,
  };
}

function packStream({ intervalMs, cutMs, runs }: StreamTimes) {
  return { intervalMs, cutMs, runs: packRuns(runs) };
}

function packRuns(runs: readonly CoverageRange[]): readonly number[] {
  return runs.flatMap(({ fromMs, toMs, samples }) => [fromMs, toMs, samples]);
}

/** A value that is not what stands there where we wrote it. */
class Wrong extends Error {}

function parseBlock(found: unknown): BlockRecord {
  const value = asObject(found);
  const files = Object.entries(asObject(value['files']));
  return {
    ulid: asUlid(value['ulid']),
    meta: asString(value['meta']),
    files: Object.fromEntries(
      files.map(([name, stamp]) => [asFileName(name), stamp === null ? null : asString(stamp)]),
    ),
    sizeBytes: asCount(value['sizeBytes']),
    minTime: asInteger(value['minTime']),
    maxTime: asInteger(value['maxTime']),
    parents: asArray(value['parents']).map(asUlid),
    deletable: asBoolean(value['deletable']),
    isInOrder: asBoolean(value['isInOrder']),
  };
}

function parseUnit(found: unknown): CachedUnit {
  const value = asObject(found);
  const times = asObject(value['times']);
  const jobs = asArray(times['jobs']).map(parseJob);
  const isSorted = jobs.every(({ job }, index) => index === 0 || (jobs[index - 1] as JobTimes).job < job);
  if (!isSorted || jobs.length > mostJobs) throw new Wrong();
  return {
    of: asArray(value['of']).map(asUlid),
    times: { all: parseStream(asObject(times['all'])), jobs, hasMoreJobs: asBoolean(times['hasMoreJobs']) },
  };
}

function parseJob(found: unknown): JobTimes {
  const value = asObject(found);
  return { job: asString(value['job']), ...parseStream(value), down: parseRuns(value['down']) };
}

function parseStream(value: Readonly<Record<string, unknown>>): StreamTimes {
  const { intervalMs } = value;
  return {
    intervalMs: intervalMs === null ? null : asCount(intervalMs),
    cutMs: asCount(value['cutMs']),
    runs: parseRuns(value['runs']),
  };
}

/** One behind the other. */
function parseRuns(found: unknown): readonly CoverageRange[] {
  const numbers = asArray(found);
  if (numbers.length % 3 !== 0) throw new Wrong();
  const runs: CoverageRange[] = [];
  let endMs = -Infinity;
  for (let at = 0; at < numbers.length; at += 3) {
    const fromMs = asInteger(numbers[at]);
    const toMs = asInteger(numbers[at + 1]);
    const samples = asCount(numbers[at + 2]);
    if (fromMs <= endMs || toMs < fromMs || samples === 0) throw new Wrong();
    endMs = toMs;
    runs.push({ fromMs, toMs, samples });
  }
  return runs;
}

/** So that no other file can be asked for. */
function asFileName(name: string): string {
  if (name === 'index' || name === 'tombstones' || /^chunks\/(?!\.{1,2}$)[^/\0]{1,255}$/.test(name)) return name;
  throw new Wrong();
}

function asUlid(value: unknown): string {
  if (typeof value === 'string' && isBlockName(value)) return value;
  throw new Wrong();
}

function asString(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new Wrong();
}

function asBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new Wrong();
}

function asInteger(value: unknown): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw new Wrong();
}

function asCount(value: unknown): number {
  const count = asInteger(value);
  if (count >= 0) return count;
  throw new Wrong();
}

function asArray(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Wrong();
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Wrong();
}
