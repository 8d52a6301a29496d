import * as z from 'zod/mini';
import type { TsdbInventory } from '../model/tsdb-inventory.ts';

const windowMs = 7_200_000;
const count = z.int().check(z.nonnegative());
const digest = z.string().check(z.regex(/^[0-9a-f]{16}$/));
const time = z._default(z.nullable(z.int()), null);

const windowSchema = z.object({
  fromMs: z.int().check(z.multipleOf(windowMs)),
  toMs: z.int(),
  series: count,
  samples: count,
  staleMarkers: z._default(count, 0),
  digest,
  firstMs: time,
  lastMs: time,
});

/** In the order of time and each once: two rows for one window would hide what one of them says. */
const windowsSchema = z.array(windowSchema).check(
  z.superRefine((windows, context) => {
    windows.forEach(({ fromMs, toMs, firstMs, lastMs }, index) => {
      const complain = (message: string, key: string): void => {
        context.issues.push({ code: 'custom', message, path: [index, key], input: windows });
      };
      if (toMs !== fromMs + windowMs) complain('a window ends two hours after it begins', 'toMs');
      if (index > 0 && fromMs <= (windows[index - 1]?.fromMs ?? 0)) complain('windows come once, by time', 'fromMs');
      if (firstMs !== null && (firstMs < fromMs || firstMs >= toMs)) complain('is outside of the window', 'firstMs');
      if (lastMs !== null && (lastMs < fromMs || lastMs >= toMs)) complain('is outside of the window', 'lastMs');
    });
  }),
);

const findingSchema = z.object({
  rule: z.string(),
  severity: z.enum(['info', 'warning', 'error']),
  file: z.string(),
  offset: z.nullable(z.int()),
  series: z.nullable(z.string()),
  fromMs: z.nullable(z.int()),
  toMs: z.nullable(z.int()),
  message: z.string(),
  remedy: z.string(),
});

/** Of a digest that is made in another way it is another one. */
export const tsdbInventoryFormat = 1;

/** What `holdfast inventory DIR --json` prints (docs/format/digest.md); parts that came later may be missing. */
export const tsdbInventorySchema: z.ZodMiniType<TsdbInventory> = z.object({
  completeToMs: z.nullable(z.int()),
  totals: z.object({
    series: count,
    samples: count,
    staleMarkers: z._default(count, 0),
    outOfOrderSamples: z._default(count, 0),
  }),
  windows: windowsSchema,
  jobs: z._default(z.array(z.object({ job: z.string(), windows: windowsSchema })), []),
  cut: z._default(
    z.nullable(
      z.object({
        atMs: z.int(),
        window: z.nullable(windowSchema),
        jobs: z.array(z.object({ job: z.string(), window: windowSchema })),
        nextMs: z.nullable(z.int()),
      }),
    ),
    null,
  ),
  outOfOrder: z._default(z.array(z.object({ fromMs: z.int(), samples: count, digest })), []),
  conflicts: z._default(z.object({ samples: count, digest }), { samples: 0, digest: '0000000000000000' }),
  blocks: z._default(z.array(z.object({ ulid: z.string(), fromMs: z.int(), toMs: z.int() })), []),
  findings: z.array(findingSchema),
});
