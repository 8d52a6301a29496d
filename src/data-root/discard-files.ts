import { basename, dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { isHalfMadeOf } from '../files/half-made.ts';
import { findJsonFile } from '../files/read-json-file.ts';
import type { DiscardMark } from '../model/discard-step.ts';

/** Beside the directories that are discarded: the lock, the journal and the proofs of it. */
export const discardsFolder = 'holdfast-discards';

/** At the root of a directory that is discarded. */
export const discardMarkFile = '.holdfast-discarded.json';

/** Whether a file at the root of a directory is the mark, or one that a killed command has left half-made. */
export function isDiscardMarkFile(name: string): boolean {
  return name === discardMarkFile || isHalfMadeOf(discardMarkFile, name);
}

const count = z.int().check(z.nonnegative());
const summary = {
  provedAtMs: z.int(),
  series: count,
  samples: count,
  fromMs: z.nullable(z.int()),
  toMs: z.nullable(z.int()),
  keptIn: z.array(z.string()),
};

const markSchema: z.ZodMiniType<DiscardMark> = z.object({
  format: z.literal(1),
  run: z.string(),
  name: z.string(),
  directory: z.string(),
  discardedAtMs: z.int(),
  proof: z.object(summary),
  wayBack: z.string(),
});

/** Undefined where there is none; throws `corrupt-file` for one that cannot be understood. */
export async function findDiscardMark(directory: string): Promise<DiscardMark | undefined> {
  return findJsonFile(join(directory, discardMarkFile), markSchema);
}

const runSchema = z.object({ format: z.literal(1), directory: z.string(), provedAtMs: z.int() });

/** When the proof of a run was made; undefined where there is none. */
export async function findRecordedProof(file: string): Promise<{ readonly provedAtMs: number } | undefined> {
  return findJsonFile(file, runSchema);
}

/** The nearest directory, itself or one above, that is discarded or being so, by its mark or its name; else undefined. */
export async function findDiscardedAbove(
  path: string,
  isDiscardedName: (name: string) => boolean,
): Promise<string | undefined> {
  for (let at = path; ; at = dirname(at)) {
    // A mark that cannot be read is one.
    const mark = await findDiscardMark(at).catch(() => 'unreadable');
    if (mark !== undefined || isDiscardedName(basename(at))) return at;
    if (dirname(at) === at) return undefined;
  }
}
