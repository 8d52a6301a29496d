import * as z from 'zod';
import type { BlockMeta } from '../model/block.ts';

export { isBlockName } from './block-name.ts';

const ulid = z.string().regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
const count = z.int().nonnegative();

/** prometheus/tsdb/block.go BlockMeta, as far as we read it; what is zero is left out there (omitempty). */
const metaSchema = z.object({
  ulid,
  minTime: z.int(),
  maxTime: z.int(),
  version: z.literal(1),
  stats: z.object({ numSamples: count.default(0), numSeries: count.default(0), numChunks: count.default(0) }).default({
    numSamples: 0,
    numSeries: 0,
    numChunks: 0,
  }),
  compaction: z.object({
    level: count.default(0),
    sources: z.array(ulid).nullish(),
    parents: z.array(z.object({ ulid })).nullish(),
    deletable: z.boolean().default(false),
    hints: z.array(z.string()).nullish(),
  }),
});

/** Parses a block's meta.json. Gives words instead where it is not one, or names another block than its directory. */
export function parseBlockMeta(text: string, directoryName: string): BlockMeta | { readonly reason: string } {
  const parsed = parseJson(text);
  if (parsed === undefined) return { reason: 'meta.json is not JSON' };
  const result = metaSchema.safeParse(parsed);
  if (!result.success) return { reason: `meta.json is not a block's: ${firstIssue(result.error)}` };
  const meta = result.data;
  if (meta.ulid !== directoryName) return { reason: wrongName(meta.ulid, directoryName) };
  if (meta.maxTime < meta.minTime) return { reason: 'meta.json ends before it begins' };
  return {
    ulid: meta.ulid,
    minTime: meta.minTime,
    maxTime: meta.maxTime,
    series: meta.stats.numSeries,
    samples: meta.stats.numSamples,
    chunks: meta.stats.numChunks,
    level: meta.compaction.level,
    sources: meta.compaction.sources ?? [],
    parents: (meta.compaction.parents ?? []).map((parent) => parent.ulid),
    deletable: meta.compaction.deletable,
    hints: meta.compaction.hints ?? [],
  };
}

/** As after a copy over a file system that knows no capitals. Prometheus reads such a block; ours are told apart by name. */
function wrongName(ulid: string, directoryName: string): string {
  if (directoryName.toUpperCase() !== ulid) return `meta.json names another block, ${ulid}`;
  return `its directory is not named in capitals: rename ${directoryName} to ${ulid}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? 'unreadable' : `${issue.path.join('.')}: ${issue.message}`;
}
