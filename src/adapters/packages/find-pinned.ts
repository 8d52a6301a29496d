import type { InstalledProgram, ProgramPin } from '../../model/program.ts';
import { findEntryProgram, listEntries } from './cache-entry.ts';
import { findExecutables } from './find-executables.ts';
import { listKnownPaths } from './known-program.ts';
import { isCacheThere } from './open-cache.ts';
import { programTable } from './program-table.ts';
import type { StoreContext } from './store-context.ts';
import { useProgramAt, type ProgramPlace } from './use-program-at.ts';

/**
 * A pinned program that is whole on this machine: same version, same SHA-256. Where the config names a path, only there.
 * Reads and keeps nothing; hashes only files that have changed since they were last looked at.
 */
export async function findPinned(
  context: StoreContext,
  pin: ProgramPin,
  configured: string | undefined,
): Promise<InstalledProgram | undefined> {
  const hasCache = await isCacheThere(context);
  if (configured !== undefined) return findAt(context, pin, { name: pin.name, path: configured, source: 'config' });
  const cached = hasCache ? await findInEntries(context, pin) : undefined;
  return cached ?? findOutside(context, pin);
}

async function findInEntries(context: StoreContext, pin: ProgramPin): Promise<InstalledProgram | undefined> {
  for (const entry of await listEntries(context)) {
    const isIt = entry.programs.some(({ name, sha256 }) => name === pin.name && sha256 === pin.sha256);
    const program = isIt ? await findEntryProgram(context, entry, pin.name) : undefined;
    if (program !== undefined && program.version === pin.version) return program;
  }
  return undefined;
}

async function findOutside(context: StoreContext, pin: ProgramPin): Promise<InstalledProgram | undefined> {
  if (pin.source !== 'path' && pin.source !== 'config') return undefined;
  const onPath = await findExecutables(programTable[pin.name].executables, context.environmentPath);
  const known = await listKnownPaths(context, pin.name);
  for (const path of new Set([...onPath, ...known])) {
    const found = await findAt(context, pin, { name: pin.name, path, source: 'path' });
    if (found !== undefined) return found;
  }
  return undefined;
}

async function findAt(
  context: StoreContext,
  pin: ProgramPin,
  place: ProgramPlace,
): Promise<InstalledProgram | undefined> {
  const found = await useProgramAt(context, place, { keep: false });
  if ('reason' in found) return undefined;
  return found.version === pin.version && found.sha256 === pin.sha256 ? found : undefined;
}
