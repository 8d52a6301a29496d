import * as z from 'zod';
import { findJsonFile } from '../files/read-json-file.ts';
import { findingSchema } from '../contract/daemon-api.ts';
import type { Inventory } from '../model/inventory.ts';
import type { Proof } from '../model/proof.ts';

/** Reads inventories/<run>.json; undefined where there is none, `corrupt-file` where it is not whole. */
export async function findInventory(path: string): Promise<Inventory | undefined> {
  return findJsonFile(path, inventorySchema);
}

/** Reads proofs/<run>.json; undefined where there is none, `corrupt-file` where it is not whole. */
export async function findProof(path: string): Promise<Proof | undefined> {
  return findJsonFile(path, proofSchema);
}

const count = z.int().nonnegative();
const atMs = z.number();
const blockMetaSchema = z.object({
  ulid: z.string(),
  minTime: atMs,
  maxTime: atMs,
  series: count,
  samples: count,
  chunks: count,
  level: z.int(),
  sources: z.array(z.string()),
  parents: z.array(z.string()),
  deletable: z.boolean(),
  sizeBytes: count,
});
const metricCountSchema = z.object({ metric: z.string(), series: count, samples: count });

/** docs/format/inventory.md */
export const inventorySchema: z.ZodType<Inventory> = z.object({
  format: z.literal(1),
  run: z.string(),
  stack: z.string(),
  stackId: z.string(),
  takenAtMs: atMs,
  completeToMs: atMs.nullable(),
  scrapeIntervalMs: z.number().positive(),
  retention: z.object({ timeMs: count, sizeBytes: count }),
  newestMs: atMs.nullable(),
  witness: z.enum(['prometheus', 'meta']),
  prometheusVersion: z.string().nullable(),
  blocks: z.array(blockMetaSchema),
  headBytes: count,
  windows: z.array(
    z.object({
      fromMs: atMs,
      toMs: atMs,
      where: z.enum(['head', 'blocks']),
      metrics: z.array(metricCountSchema),
    }),
  ),
  components: z.object({
    alertmanager: z.object({ silences: z.array(z.object({ id: z.string(), endsAtMs: atMs })) }).nullable(),
    pushgateway: z.object({ groups: z.array(z.object({ key: z.string(), series: count })) }).nullable(),
    grafana: z.object({ dashboards: z.array(z.string()) }).nullable(),
  }),
  findings: z.array(findingSchema),
});

/** docs/format/proof.md */
export const proofSchema: z.ZodType<Proof> = z.object({
  format: z.literal(1),
  run: z.string(),
  stack: z.string(),
  provedAtMs: atMs,
  completeToMs: atMs.nullable(),
  kept: z.object({ series: count, samples: count }),
  lost: z.object({
    samples: count,
    windows: z.array(z.object({ fromMs: atMs, toMs: atMs, samples: count, reason: z.string() })),
  }),
  expired: z.object({ samples: count }),
  gap: z.object({ fromMs: atMs, toMs: atMs }).nullable(),
  added: z.object({ samples: count }),
  components: z.array(
    z.object({
      name: z.enum(['alertmanager', 'pushgateway', 'grafana']),
      kept: count,
      lost: count,
      checked: z.boolean(),
      missing: z.array(z.string()),
    }),
  ),
  findings: z.array(findingSchema),
});
