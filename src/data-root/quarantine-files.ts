import * as z from 'zod/mini';
import { findJsonFile } from '../files/read-json-file.ts';
import type { QuarantineManifest, RepairProof } from '../model/repair-step.ts';
import type { TsdbInventory } from '../model/tsdb-inventory.ts';
import { tsdbInventorySchema } from './tsdb-inventory-schema.ts';

const count = z.int().check(z.nonnegative());
const totals = z.object({ series: count, samples: count, staleMarkers: count });
const counts = z.object({ series: count, chunks: count, samples: count });

const lostWindow = z.object({ fromMs: z.int(), toMs: z.int(), samples: count, reason: z.string() });

const proofSchema: z.ZodMiniType<RepairProof> = z.object({
  format: z.literal(1),
  run: z.string(),
  directory: z.string(),
  provedAtMs: z.int(),
  kept: totals,
  readableBefore: totals,
  lost: z.object({
    samples: count,
    staleMarkers: count,
    windows: z.array(lostWindow),
    series: z.object({
      listed: z.array(z.object({ series: z.string(), missing: count, changed: count })),
      more: count,
    }),
  }),
  undecided: z.object({ samples: count, windows: z.array(lostWindow) }),
  regained: count,
  gone: z.object({ blockSamples: z.nullable(count), walBytes: count }),
  blocks: z.array(
    z.object({
      ulid: z.string(),
      to: z.nullable(z.string()),
      counted: z.nullable(counts),
      // Proofs of older versions do not say.
      times: z._default(z.nullable(z.object({ minTime: z.int(), maxTime: z.int() })), null),
      kept: counts,
      isInHead: z._default(z.boolean(), false),
      isReplaced: z.boolean(),
      undeleted: z.boolean(),
    }),
  ),
  segments: z.array(z.object({ path: z.string(), recordsKept: count, bytesLost: count })),
});

/** Undefined where there is none yet. */
export async function findRepairProof(path: string): Promise<RepairProof | undefined> {
  return findJsonFile(path, proofSchema);
}

const manifestSchema: z.ZodMiniType<QuarantineManifest> = z.object({
  format: z.literal(1),
  run: z.string(),
  plannedAtMs: z.int(),
  directory: z.string(),
  entries: z.array(
    z.object({
      path: z.string(),
      movedTo: z.string(),
      why: z.array(z.string()),
      replacedBy: z.nullable(z.string()),
    }),
  ),
  made: z.array(z.string()),
  renames: z.array(z.object({ from: z.string(), to: z.string() })),
});

/** What the folder of a repair's run holds before anything is moved into it. */
export const quarantineFiles = ['manifest.json', 'before.json'] as const;

export async function findManifest(path: string): Promise<QuarantineManifest | undefined> {
  return findJsonFile(path, manifestSchema);
}

/** Of jobs and windows: two years of a large volume have some tens of megabytes. */
const maxBytes = 512 * 2 ** 20;

/** What was counted before anything was moved. */
export interface CountedBefore {
  readonly format: 2;
  readonly inventory: TsdbInventory;
}

const beforeSchema: z.ZodMiniType<CountedBefore> = z.object({ format: z.literal(2), inventory: tsdbInventorySchema });

export async function findCountedBefore(path: string): Promise<CountedBefore | undefined> {
  return findJsonFile(path, beforeSchema, { maxBytes, format: 2 });
}
