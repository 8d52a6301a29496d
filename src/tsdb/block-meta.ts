import { parse } from 'lossless-json';
import * as z from 'zod';
import type { BlockMeta } from '../model/block.ts';

export { isBlockName } from './block-name.ts';

const ulid = z.string().regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
const count = z.int().nonnegative().nullish();

/**
 * prometheus/tsdb/block.go BlockMeta, with every field, also those that we do not need: of a block with a wrong one of them
 * Prometheus reads nothing. What is zero is left out there (omitempty).
 */
const statsSchema = z.object({
  numSamples: count,
  numFloatSamples: count,
  numHistogramSamples: count,
  numSeries: count,
  numChunks: count,
  numTombstones: count,
});
const parentSchema = z.object({ ulid, minTime: z.int().nullish(), maxTime: z.int().nullish() });
const compactionSchema = z.object({
  level: count,
  sources: z.array(ulid).nullish(),
  parents: z.array(parentSchema).nullish(),
  deletable: z.boolean().nullish(),
  failed: z.boolean().nullish(),
  hints: z.array(z.string()).nullish(),
});
const metaSchema = z.object({
  ulid,
  minTime: z.int(),
  maxTime: z.int(),
  version: z.literal(1),
  stats: statsSchema.nullish(),
  compaction: compactionSchema,
});

/** A block's meta.json with what only `check` compares. */
export interface StoredMeta {
  readonly block: BlockMeta;
  /** What newer versions of Prometheus count besides; undefined where it is left out. */
  readonly floatSamples: number | undefined;
  readonly histogramSamples: number | undefined;
  readonly tombstones: number | undefined;
}

/** Parses a block's meta.json. Gives words instead where it is not one, or names another block than its directory. */
export function parseBlockMeta(text: string, directoryName: string): BlockMeta | { readonly reason: string } {
  const stored = parseStoredMeta(text, directoryName);
  return 'reason' in stored ? stored : stored.block;
}

/** The same, with what is counted besides. */
export function parseStoredMeta(text: string, directoryName: string): StoredMeta | { readonly reason: string } {
  const parsed = parseAsGo(text);
  if ('reason' in parsed) return parsed;
  const result = metaSchema.safeParse(parsed.value);
  if (!result.success) return { reason: `meta.json is not a block's: ${firstIssue(result.error)}` };
  const name = findFoldedName(parsed.value as z.input<typeof metaSchema>);
  if (name !== undefined) return { reason: `meta.json holds "${name}", which Prometheus takes for a field of it` };
  const meta = result.data;
  if (meta.ulid !== directoryName) return { reason: wrongName(meta.ulid, directoryName) };
  if (meta.maxTime < meta.minTime) return { reason: 'meta.json ends before it begins' };
  return {
    block: {
      ulid: meta.ulid,
      minTime: meta.minTime,
      maxTime: meta.maxTime,
      series: meta.stats?.numSeries ?? 0,
      samples: meta.stats?.numSamples ?? 0,
      chunks: meta.stats?.numChunks ?? 0,
      level: meta.compaction.level ?? 0,
      sources: meta.compaction.sources ?? [],
      parents: (meta.compaction.parents ?? []).map((parent) => parent.ulid),
      deletable: meta.compaction.deletable ?? false,
      hints: meta.compaction.hints ?? [],
    },
    floatSamples: meta.stats?.numFloatSamples ?? undefined,
    histogramSamples: meta.stats?.numHistogramSamples ?? undefined,
    tombstones: meta.stats?.numTombstones ?? undefined,
  };
}

/** As after a copy over a file system that knows no capitals. Prometheus reads such a block; ours are told apart by name. */
function wrongName(ulid: string, directoryName: string): string {
  if (directoryName.toUpperCase() !== ulid) return `meta.json names another block, ${ulid}`;
  return `its directory is not named in capitals: rename ${directoryName} to ${ulid}`;
}

/** As Go reads it: `1.0` and `1e3` are no integers there, and what one name holds twice is laid over each other. */
function parseAsGo(text: string): { readonly value: unknown } | { readonly reason: string } {
  try {
    JSON.parse(text);
  } catch {
    return { reason: 'meta.json is not JSON' };
  }
  try {
    return { value: parse(text, undefined, { parseNumber: parseInteger }) };
  } catch {
    return { reason: 'meta.json names a field twice, or is too deep' };
  }
}

function parseInteger(literal: string): number {
  return /^(?:0|-?[1-9]\d*)$/.test(literal) ? Number(literal) : NaN;
}

const fields: readonly string[] = [metaSchema, statsSchema, compactionSchema, parentSchema].flatMap(({ shape }) =>
  Object.keys(shape),
);
const foldedFields: ReadonlySet<string> = new Set(fields.map(fold));

/** A name that is none of ours by its letters, and one of them for Go, which does not tell small letters from capitals. */
function findFoldedName(meta: z.input<typeof metaSchema>): string | undefined {
  const objects = [meta, meta.stats ?? {}, meta.compaction, ...(meta.compaction.parents ?? [])];
  return objects
    .flatMap((object) => Object.keys(object))
    .find((name) => !fields.includes(name) && foldedFields.has(fold(name)));
}

function fold(name: string): string {
  return name.replaceAll('\u017f', 's').toLowerCase();
}

function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? 'unreadable' : `${issue.path.join('.')}: ${issue.message}`;
}
