import { crc32 } from 'node:zlib';
import * as z from 'zod/mini';
import type { StepBase } from '../model/plan.ts';
import { phaseNames } from '../model/plan.ts';
import type { JournalEntry } from '../model/run.ts';

/** One line of a journal, with its line feed: `{"v":1,"crc":"89abcdef","entry":{...}}` (docs/format/journal.md). */
export function renderJournalLine(entry: JournalEntry): string {
  const text = JSON.stringify(entry);
  return `{"v":1,"crc":"${checksum(text)}","entry":${text}}\n`;
}

export type JournalLine =
  | { readonly entry: JournalEntry }
  | { readonly damage: 'checksum' | 'no line of a journal' | 'written by a newer Holdfast' };

/** Parses a line without its line feed. The checksum is over the entry's bytes as they stand there. */
export function parseJournalLine(line: Uint8Array): JournalLine {
  const text = Buffer.from(line).toString('utf8');
  const match = /^\{"v":(\d+),"crc":"([0-9a-f]{8})","entry":(\{.*\})\}$/s.exec(text);
  if (match === null) return { damage: 'no line of a journal' };
  const [, version, crc, json] = match;
  if (version !== '1') return { damage: 'written by a newer Holdfast' };
  // Bytes that are no UTF-8 decode to U+FFFD, so the decoded text must give the very same bytes again.
  if (json === undefined || Buffer.byteLength(text) !== line.byteLength || checksum(json) !== crc) {
    return { damage: 'checksum' };
  }
  const parsed = entrySchema.safeParse(parseJson(json));
  return parsed.success ? { entry: parsed.data } : { damage: 'no line of a journal' };
}

/** CRC-32 (IEEE) of the UTF-8 bytes, as eight lower-case hex digits: it finds every damage of up to 32 bits in a row. */
function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Loose: a step's own fields are the platform's and pass through. */
const stepSchema: z.ZodMiniType<StepBase> = z.looseObject({
  kind: z.string(),
  phase: z.enum(phaseNames),
  class: z.enum(['safe', 'disruptive', 'destructive']),
  title: z.string(),
});

const verbSchema = z.enum(['up', 'down', 'teardown', 'rebuild', 'adopt', 'repair', 'stitch', 'discard']);

const planSchema = z.object({
  operation: verbSchema,
  stack: z.string(),
  run: z.string(),
  continues: z.boolean(),
  steps: z.array(stepSchema),
  findings: z.array(
    z.object({
      rule: z.string(),
      severity: z.enum(['info', 'warning', 'error']),
      object: z.string(),
      message: z.string(),
      remedy: z.string(),
    }),
  ),
  differences: z.array(z.object({ key: z.string(), from: z.string(), to: z.string() })),
});

const identitySchema = z.object({
  host: z.string(),
  bootId: z.string(),
  pid: z.int().check(z.positive()),
  startTicks: z.int().check(z.nonnegative()),
});

const entrySchema: z.ZodMiniType<JournalEntry> = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('begun'),
    atMs: z.number(),
    run: z.string(),
    verb: verbSchema,
    by: identitySchema,
    plan: planSchema,
  }),
  z.object({ type: z.literal('started'), atMs: z.number(), step: stepSchema }),
  z.object({ type: z.literal('done'), atMs: z.number(), step: stepSchema, skipped: z.boolean() }),
  z.object({ type: z.literal('failed'), atMs: z.number(), step: stepSchema, message: z.string() }),
  z.object({
    type: z.literal('ended'),
    atMs: z.number(),
    outcome: z.enum(['done', 'failed', 'cancelled']),
    message: z.optional(z.string()),
  }),
]);
