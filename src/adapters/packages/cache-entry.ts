import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { HoldfastError, hasCode } from '../../errors/holdfast-error.ts';
import { joinInside } from '../../files/paths-guard.ts';
import { findJsonFile } from '../../files/read-json-file.ts';
import { programNames, type InstalledProgram, type ProgramName } from '../../model/program.ts';
import { fileStampSchema, findFileStamp, isSameStamp } from './file-stamp.ts';
import { hashFile } from './hash-file.ts';
import { packageNames } from './program-table.ts';
import type { StoreContext } from './store-context.ts';

const hexSchema = z.string().regex(/^[0-9a-f]{64}$/);

/** `installed.json` of an entry. It is written before the entry gets its name, so an entry with a name is whole. */
export const entryRecordSchema = z.object({
  format: z.literal(1),
  id: z.string(),
  source: z.enum(['release', 'debian']),
  package: z.enum(packageNames),
  architecture: z.enum(['amd64', 'arm64']),
  origin: z.string(),
  archiveSha256: hexSchema,
  installedAtMs: z.number(),
  programs: z.array(
    z.object({
      name: z.enum(programNames),
      version: z.string(),
      /** Both below the entry's `root`. */
      path: z.string(),
      workingDirectory: z.string().nullable(),
      sha256: hexSchema,
      modified: z.boolean(),
      flags: z.array(z.string()),
      stamp: fileStampSchema,
    }),
  ),
});
export type EntryRecord = z.infer<typeof entryRecordSchema>;
export type EntryProgram = EntryRecord['programs'][number];

export const entryRecordFile = 'installed.json';

export function entryPath(context: StoreContext, id: string): string {
  return join(context.cacheRoot, 'entries', id);
}

/** Undefined where there is no such entry, or its record cannot be read: then it is made again. */
export async function findEntry(context: StoreContext, id: string): Promise<EntryRecord | undefined> {
  try {
    const record = await findJsonFile(join(entryPath(context, id), entryRecordFile), entryRecordSchema, {
      maxBytes: 2 ** 20,
    });
    return record?.id === id ? record : undefined;
  } catch (error) {
    if (hasCode(error, 'corrupt-file', 'newer-format') || isInsideFile(error)) return undefined;
    throw error;
  }
}

/** A file in the place of an entry's folder holds no record either. */
function isInsideFile(error: unknown): boolean {
  return error instanceof HoldfastError && error.details['errno'] === 'ENOTDIR';
}

export async function listEntries(context: StoreContext): Promise<readonly EntryRecord[]> {
  const names = await readdir(join(context.cacheRoot, 'entries')).catch(() => []);
  const records = await Promise.all(names.filter(isEntryName).map((name) => findEntry(context, name)));
  return records.filter(
    (record) => record !== undefined && record.architecture === context.architecture,
  ) as EntryRecord[];
}

/**
 * A program of an entry, if its file is still the one that was installed: by its stamp, or by its SHA-256 where the stamp
 * has changed. Undefined where it is not.
 */
export async function findEntryProgram(
  context: StoreContext,
  record: EntryRecord,
  name: ProgramName,
): Promise<InstalledProgram | undefined> {
  const program = record.programs.find((candidate) => candidate.name === name);
  if (program === undefined) return undefined;
  const root = join(entryPath(context, record.id), 'root');
  const path = joinInside(root, program.path);
  const stamp = await findFileStamp(path);
  if (stamp === undefined || stamp.sizeBytes !== program.stamp.sizeBytes) return undefined;
  if (!isSameStamp(stamp, program.stamp) && (await hashFile(path)) !== program.sha256) return undefined;
  const { version, sha256, modified, flags } = program;
  const { source, origin } = record;
  const workingDirectory = program.workingDirectory === null ? null : joinInside(root, program.workingDirectory);
  return { name, version, source, sha256, origin, modified, path, workingDirectory, flags };
}

/** Half-made and half-removed ones have a dot-tmp suffix; ids of our own making never do. */
function isEntryName(name: string): boolean {
  return /^(?:release|debian)-[A-Za-z0-9._+~%-]+$/.test(name) && !/\.tmp-for-(?:creation|deletion)$/.test(name);
}
