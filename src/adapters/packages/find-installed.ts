import semver from 'semver';
import type { InstalledProgram, ProgramName } from '../../model/program.ts';
import { acquireFromCache } from './cache-source.ts';
import { findExecutables } from './find-executables.ts';
import { isCacheThere } from './open-cache.ts';
import { judgeVersion } from './path-source.ts';
import type { FoundProgram } from './program-store.ts';
import { programTable } from './program-table.ts';
import type { ProgramRequest, StoreContext } from './store-context.ts';
import { useProgramAt } from './use-program-at.ts';

/**
 * The newest that the cache and PATH have, for a look that no version is pinned for; where the config names a path, only
 * that one. Reads and keeps nothing, and asks nobody but the files of this machine.
 */
export async function findInstalled(
  context: StoreContext,
  name: ProgramName,
  configured: string | undefined,
): Promise<FoundProgram> {
  if (configured !== undefined) {
    const found = await useProgramAt(context, { name, path: configured, source: 'config' }, { keep: false });
    if (!('reason' in found)) return { program: found };
    return { program: null, reason: `${configured}, which programs.${name} names, ${found.reason}` };
  }
  const request = requestFor(name);
  const cached = (await isCacheThere(context)) ? await acquireFromCache(context, request) : undefined;
  const all = [...(cached === undefined ? [] : [cached]), ...(await listOnPath(context, request))];
  const [newest] = all.sort((a, b) => semver.rcompare(a.version, b.version));
  return newest === undefined
    ? { program: null, reason: `there is no ${name} in the cache or on the PATH of this user` }
    : { program: newest };
}

async function listOnPath(context: StoreContext, request: ProgramRequest): Promise<readonly InstalledProgram[]> {
  const { name } = request;
  const paths = await findExecutables(programTable[name].executables, context.environmentPath);
  const programs: InstalledProgram[] = [];
  for (const path of paths) {
    const found = await useProgramAt(context, { name, path, source: 'path' }, { keep: false });
    if (!('reason' in found) && judgeVersion(found, request) === undefined) programs.push(found);
  }
  return programs;
}

function requestFor(name: ProgramName): ProgramRequest {
  const { signal } = new AbortController();
  return { name, pin: undefined, version: undefined, programSource: null, onProgress: () => undefined, signal };
}
