import semver from 'semver';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { InstalledProgram, ProgramPin } from '../../model/program.ts';
import { findEntryProgram, listEntries } from './cache-entry.ts';
import { judgeVersion } from './path-source.ts';
import { programTable } from './program-table.ts';
import type { ProgramRequest, StoreContext } from './store-context.ts';

/**
 * The best program that the cache holds: the pinned one, else one of the asked version, else the newest. One from the same
 * entry as its partner goes before. Undefined where it holds none that will do; `program-changed` as refuseChangedProgram.
 */
export async function acquireFromCache(
  context: StoreContext,
  request: ProgramRequest,
): Promise<InstalledProgram | undefined> {
  const fitting = (await listCached(context, request)).filter(
    (program) => judgeVersion(program, request) === undefined,
  );
  const [best] = fitting.sort((a, b) => rank(b) - rank(a) || semver.compare(b.version, a.version));
  if (best !== undefined) refuseChangedProgram(best, request.pin);
  return best;

  function rank(program: InstalledProgram): number {
    if (program.sha256 === request.pin?.sha256) return 2;
    const { partner } = programTable[request.name];
    const chosen = partner === undefined ? undefined : context.memory.chosen.get(partner);
    return chosen !== undefined && chosen.source === program.source && chosen.origin === program.origin ? 1 : 0;
  }
}

/** A release is published once: the same version with other bytes is refused. Other sources build one version many times. */
export function refuseChangedProgram(found: ProgramPin, pin: ProgramPin | undefined): void {
  if (pin === undefined || pin.source !== 'release' || found.source !== 'release') return;
  if (pin.version !== found.version || pin.sha256 === found.sha256) return;
  throw new HoldfastError('program-changed', {
    message: `${found.name} ${found.version} of ${found.origin} has SHA-256 ${found.sha256}, and stack.json pins ${pin.sha256} for that release. Nothing was started or changed.`,
    remedy: `Ask its publisher which one is right; to take another version: holdfast up --upgrade`,
    details: { program: found.name, version: found.version, sha256: found.sha256, pinnedSha256: pin.sha256 },
  });
}

async function listCached(context: StoreContext, request: ProgramRequest): Promise<InstalledProgram[]> {
  const entries = await listEntries(context);
  const programs = await Promise.all(entries.map((entry) => findEntryProgram(context, entry, request.name)));
  return programs.filter((program) => program !== undefined);
}
