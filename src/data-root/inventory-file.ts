import { dirname } from 'node:path';
import * as z from 'zod/mini';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { makePrivateDirectory } from '../files/private-directory.ts';
import { findJsonFile, readJsonFile } from '../files/read-json-file.ts';
import type { Inventory } from '../model/inventory.ts';
import { findingSchema } from '../contract/daemon-api.ts';

const maxBytes = 256 * 2 ** 20;

/** Undefined where there is none; throws `corrupt-file` or `newer-format` where it is not whole or not ours. */
export async function findInventory(path: string): Promise<Inventory | undefined> {
  return findJsonFile(path, inventorySchema, { maxBytes });
}

/** As findInventory, but a missing one is `corrupt-file`: a proof is owed against it. */
export async function readInventory(path: string): Promise<Inventory> {
  return readJsonFile(path, inventorySchema, { maxBytes });
}

export async function writeInventory(path: string, inventory: Inventory): Promise<void> {
  await makePrivateDirectory(dirname(path));
  await writeFileAtomically(path, `${JSON.stringify(inventory)}\n`, { mode: 0o600 });
}

const count = z.int().check(z.nonnegative());

const blockSchema = z.object({
  ulid: z.string(),
  minTime: z.int(),
  maxTime: z.int(),
  series: count,
  samples: count,
  chunks: count,
  level: count,
  sources: z.array(z.string()),
  parents: z.array(z.string()),
  deletable: z.boolean(),
  hints: z._default(z.array(z.string()), []),
  sizeBytes: count,
});

const windowSchema = z.object({
  fromMs: z.int(),
  toMs: z.int(),
  where: z.enum(['head', 'blocks']),
  metrics: z.array(z.object({ metric: z.string(), series: count, samples: count })),
});

/** docs/format/inventory.md */
export const inventorySchema: z.ZodMiniType<Inventory> = z.object({
  format: z.literal(1),
  run: z.string().check(z.minLength(1)),
  stack: z.string(),
  stackId: z.string(),
  takenAtMs: z.int(),
  completeToMs: z.nullable(z.int()),
  scrapeIntervalMs: z.int().check(z.positive()),
  retention: z.object({ timeMs: count, sizeBytes: count }),
  newestMs: z.nullable(z.int()),
  witness: z.enum(['prometheus', 'meta']),
  prometheusVersion: z.nullable(z.string()),
  blocks: z.array(blockSchema),
  headBytes: count,
  windows: z.array(windowSchema),
  components: z.object({
    alertmanager: z.nullable(z.object({ silences: z.array(z.object({ id: z.string(), endsAtMs: z.number() })) })),
    pushgateway: z.nullable(z.object({ groups: z.array(z.object({ key: z.string(), series: count })) })),
    grafana: z.nullable(z.object({ dashboards: z.array(z.string()) })),
  }),
  tsdb: z._default(
    z.nullable(
      z.object({
        completeToMs: z.nullable(z.int()),
        series: count,
        samples: count,
        sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
      }),
    ),
    null,
  ),
  findings: z.array(findingSchema),
});
