import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { writeFileAtomically } from '../../files/atomic-file.ts';
import { findJsonFile } from '../../files/read-json-file.ts';
import { programNames, type ProgramName } from '../../model/program.ts';
import { readsDebianTemplates } from './debian-alertmanager.ts';
import { fileStampSchema, findFileStamp, isSameStamp } from './file-stamp.ts';
import { hashFile } from './hash-file.ts';
import { inspectProgram } from './inspect-program.ts';
import type { StoreContext } from './store-context.ts';

const knownProgramSchema = z.object({
  format: z.literal(1),
  name: z.enum(programNames),
  path: z.string(),
  stamp: fileStampSchema,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  version: z.string(),
  flags: z.array(z.string()),
  /** True for Debian's Alertmanager. */
  readsDebianTemplates: z.boolean(),
});

/** What was learned of a program file outside the cache, valid as long as the file is the same. */
export type KnownProgram = z.infer<typeof knownProgramSchema>;

export interface LookOptions {
  /** False for a reader: what it learns is not kept. */
  readonly keep: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** What a program file is, or why it is not that program (to be read after its path). */
export async function lookAtProgram(
  context: StoreContext,
  name: ProgramName,
  path: string,
  options: LookOptions,
): Promise<KnownProgram | { readonly reason: string }> {
  const stamp = await findFileStamp(path);
  if (stamp === undefined) return { reason: 'is not there, or is no file' };
  const known = await findKnown(context, name, path);
  if (known !== undefined && isSameStamp(known.stamp, stamp)) return known;
  const sha256 = await hashFile(path, options.signal);
  if (known?.sha256 === sha256) return { ...known, stamp };
  const inspection = await inspectProgram(name, path, options.signal);
  if (!inspection.ok) return { reason: inspection.reason };
  const { version, flags } = inspection;
  const isDebian = name === 'alertmanager' && (await readsDebianTemplates(path));
  const found: KnownProgram = {
    format: 1,
    name,
    path,
    stamp,
    sha256,
    version,
    flags: [...flags],
    readsDebianTemplates: isDebian,
  };
  if (options.keep) await keepKnown(context, found);
  return found;
}

/** Every path at which a program of that name was seen. */
export async function listKnownPaths(context: StoreContext, name: ProgramName): Promise<readonly string[]> {
  const names = await readdir(join(context.cacheRoot, 'stamps')).catch(() => []);
  const files = names.filter((file) => file.startsWith(`${name}-`) && file.endsWith('.json'));
  const known = await Promise.all(files.map((file) => readKnown(join(context.cacheRoot, 'stamps', file))));
  return known.filter((program) => program?.name === name).map((program) => (program as KnownProgram).path);
}

async function findKnown(context: StoreContext, name: ProgramName, path: string): Promise<KnownProgram | undefined> {
  const known = await readKnown(stampFile(context, name, path));
  return known?.path === path && known.name === name ? known : undefined;
}

/** A stamp that cannot be read is no stamp: the program is looked at again. */
async function readKnown(file: string): Promise<KnownProgram | undefined> {
  return findJsonFile(file, knownProgramSchema, { maxBytes: 2 ** 20 }).catch(() => undefined);
}

async function keepKnown(context: StoreContext, program: KnownProgram): Promise<void> {
  const text = `${JSON.stringify(program, null, 2)}\n`;
  await writeFileAtomically(stampFile(context, program.name, program.path), text, { mode: 0o600 });
}

function stampFile(context: StoreContext, name: ProgramName, path: string): string {
  const key = createHash('sha256').update(path).digest('hex').slice(0, 32);
  return join(context.cacheRoot, 'stamps', `${name}-${key}.json`);
}
