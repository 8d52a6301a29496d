import { dirname } from 'node:path';
import * as z from 'zod';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { makePrivateDirectory } from '../files/private-directory.ts';
import { findJsonFile } from '../files/read-json-file.ts';
import type { Proof } from '../model/proof.ts';
import { findingSchema } from '../contract/daemon-api.ts';

/** Undefined where there is none; throws `corrupt-file` or `newer-format` where it is not whole or not ours. */
export async function findProof(path: string): Promise<Proof | undefined> {
  return findJsonFile(path, proofSchema);
}

export async function writeProof(path: string, proof: Proof): Promise<void> {
  await makePrivateDirectory(dirname(path));
  await writeFileAtomically(path, `${JSON.stringify(proof, null, 2)}\n`, { mode: 0o600 });
}

const count = z.int().nonnegative();

/** docs/format/proof.md */
export const proofSchema: z.ZodType<Proof> = z.object({
  format: z.literal(1),
  run: z.string().min(1),
  stack: z.string(),
  provedAtMs: z.int(),
  completeToMs: z.int().nullable(),
  kept: z.object({ series: count, samples: count }),
  lost: z.object({
    samples: count,
    windows: z.array(z.object({ fromMs: z.int(), toMs: z.int(), samples: count, reason: z.string() })),
  }),
  expired: z.object({ samples: count }),
  gap: z.object({ fromMs: z.int(), toMs: z.int() }).nullable(),
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
