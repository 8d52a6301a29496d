import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import semver from 'semver';
import type { InstalledProgram, ProgramName } from '../../model/program.ts';
import { findExecutables } from './find-executables.ts';
import { programTable } from './program-table.ts';
import { SourceFailure } from './source-failure.ts';
import type { ProgramRequest, StoreContext } from './store-context.ts';
import { useProgramAt } from './use-program-at.ts';

/**
 * The first program on PATH that will do: of the version that is asked for, or new enough where none is. A directory
 * that holds the partner that was chosen before is looked at first. Throws SourceFailure with why each was passed over.
 */
export async function acquireFromPath(context: StoreContext, request: ProgramRequest): Promise<InstalledProgram> {
  const { executables } = programTable[request.name];
  const besidePartner = await partnerDirectories(context, request.name);
  const paths = await findExecutables(executables, [...besidePartner, context.environmentPath].join(':'));
  const reasons: string[] = [];
  for (const path of paths) {
    const options = { keep: true, signal: request.signal };
    const found = await useProgramAt(context, { name: request.name, path, source: 'path' }, options);
    const reason = 'reason' in found ? found.reason : judgeVersion(found, request);
    if (!('reason' in found) && reason === undefined) return found;
    reasons.push(`${path} ${reason ?? ''}`);
  }
  throw new SourceFailure('PATH', reasons.length === 0 ? `has no ${executables.join(' or ')}` : reasons.join('; '));
}

/** Why a version will not do, to be read after the program's path; undefined where it does. */
export function judgeVersion(found: InstalledProgram, request: ProgramRequest): string | undefined {
  const { minimumVersion } = programTable[request.name];
  if (request.version !== undefined) {
    return found.version === request.version ? undefined : `is version ${found.version}, not ${request.version}`;
  }
  if (!semver.lt(found.version, minimumVersion)) return undefined;
  return `is version ${found.version}, older than the ${minimumVersion} that is needed`;
}

/** Where the partner that was chosen before lies, if it is not one of the cache. */
export async function partnerDirectories(context: StoreContext, name: ProgramName): Promise<readonly string[]> {
  const { partner } = programTable[name];
  const chosen = partner === undefined ? undefined : context.memory.chosen.get(partner);
  if (chosen?.source !== 'path' && chosen?.source !== 'config') return [];
  const real = await realpath(chosen.origin).catch(() => chosen.origin);
  return [dirname(chosen.origin), dirname(real)];
}
