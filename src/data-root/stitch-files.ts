import * as z from 'zod/mini';
import { findJsonFile } from '../files/read-json-file.ts';
import type { CountedSource, OpenedResult, StitchManifest, StitchProof, WrittenHead } from '../model/stitch-step.ts';
import type { DroppedSamples } from '../model/tsdb-union.ts';

const count = z.int().check(z.nonnegative());
const totals = z.object({ series: count, samples: count, staleMarkers: count });
const ulid = z.string().check(z.regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/));
const windows = z.array(z.object({ fromMs: z.int(), samples: count }));

export const stitchManifestSchema: z.ZodMiniType<StitchManifest> = z.object({
  format: z.literal(1),
  run: z.string(),
  plannedAtMs: z.int(),
  into: z.string(),
  sources: z.array(z.object({ directory: z.string(), fingerprint: z.string() })),
  winner: z.nullable(count),
});

const countedSchema: z.ZodMiniType<CountedSource> = z.object({
  format: z.literal(1),
  directory: z.string(),
  fingerprint: z.string(),
  totals,
  windows: z.array(z.object({ fromMs: z.int(), samples: count, staleMarkers: count, digest: z.string() })),
});

const headSchema: z.ZodMiniType<WrittenHead> = z.object({
  format: z.literal(1),
  directory: z.string(),
  blocks: z.array(ulid),
  samples: count,
  outOfOrderSamples: count,
});

const droppedSchema: z.ZodMiniType<DroppedSamples> = z.object({
  samples: count,
  blocks: z.array(z.object({ ulid, samples: count, intervals: count })),
});

const openedSchema: z.ZodMiniType<OpenedResult> = z.object({
  format: z.literal(1),
  run: z.string(),
  openedAtMs: z.int(),
  program: z.string(),
  version: z.string(),
  blocks: count,
  windows: z.array(z.object({ fromMs: z.int(), toMs: z.int(), series: count, samples: count })),
});

const proofSchema: z.ZodMiniType<StitchProof> = z.object({
  format: z.literal(1),
  run: z.string(),
  into: z.string(),
  provedAtMs: z.int(),
  wins: z.nullable(z.string()),
  holds: totals,
  // Proofs of older versions do not say.
  opened: z._default(z.nullable(z.object({ program: z.string(), version: z.string(), windows: count })), null),
  sources: z.array(z.object({ directory: z.string(), totals, kept: count, dropped: count, lost: count, windows })),
  lost: count,
  added: count,
});

/** Each is undefined where there is none yet. */
export async function findStitchManifest(path: string): Promise<StitchManifest | undefined> {
  return findJsonFile(path, stitchManifestSchema);
}

export async function findCountedSource(path: string): Promise<CountedSource | undefined> {
  return findJsonFile(path, countedSchema);
}

export async function findWrittenHead(path: string): Promise<WrittenHead | undefined> {
  return findJsonFile(path, headSchema);
}

export async function findDroppedSamples(path: string): Promise<DroppedSamples | undefined> {
  return findJsonFile(path, droppedSchema);
}

export async function findOpenedResult(path: string): Promise<OpenedResult | undefined> {
  return findJsonFile(path, openedSchema);
}

export async function findStitchProof(path: string): Promise<StitchProof | undefined> {
  return findJsonFile(path, proofSchema);
}
