import { dirname } from 'node:path';
import * as z from 'zod/mini';
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

const count = z.int().check(z.nonnegative());

const range = { fromMs: z.int(), toMs: z.int(), samples: count, reason: z.string() };

/** What the bytes say; the sums of series are left out, since the directory of before is gone. */
const verdictSchema = z.object({
  completeToMs: z.nullable(z.int()),
  kept: z.object({ series: count, samples: count }),
  lost: z.object({
    samples: count,
    windows: z.array(
      z.object({
        ...range,
        kind: z.enum(['missing', 'changed', 'out-of-order']),
        exact: z.boolean(),
        jobs: z.array(z.object({ job: z.string(), samples: count })),
      }),
    ),
    series: z.nullable(
      z.object({
        listed: z.array(z.object({ series: z.string(), missing: count, changed: count })),
        more: count,
      }),
    ),
  }),
  expired: z.object({ samples: count }),
  undecided: z.object({
    samples: count,
    windows: z.array(z.object({ ...range, kind: z.enum(['added', 'filling', 'moved']) })),
  }),
  gap: z.nullable(z.object({ fromMs: z.int(), toMs: z.int() })),
  added: z.object({ samples: count }),
  findings: z.array(findingSchema),
});

/** docs/format/proof.md */
export const proofSchema: z.ZodMiniType<Proof> = z.object({
  format: z.literal(1),
  run: z.string().check(z.minLength(1)),
  stack: z.string(),
  provedAtMs: z.int(),
  completeToMs: z.nullable(z.int()),
  kept: z.object({ series: count, samples: count }),
  lost: z.object({
    samples: count,
    windows: z.array(z.object({ fromMs: z.int(), toMs: z.int(), samples: count, reason: z.string() })),
  }),
  expired: z.object({ samples: count }),
  gap: z.nullable(z.object({ fromMs: z.int(), toMs: z.int() })),
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
  tsdb: z._default(z.nullable(verdictSchema), null),
  findings: z.array(findingSchema),
});
