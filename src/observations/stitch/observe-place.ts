import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { findWrittenHead } from '../../data-root/stitch-files.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { findErrno, fromFsError } from '../../files/fs-errors.ts';
import { isInside } from '../../files/paths-guard.ts';
import type { Plan } from '../../model/plan.ts';
import type { StitchStep } from '../../model/stitch-step.ts';

/** Where a stitch is made. Absolute paths. */
export interface ObservedPlace {
  readonly into: string;
  /** Journal, lock and proofs: beside it, or inside where it is a mount of its own. */
  readonly work: string;
  /** What is in it, but for that; undefined where there is no such directory. */
  readonly names: readonly string[] | undefined;
}

/** Looks at the place for a stitch, of which every symlink was followed. Throws `not-stitchable` for what is no directory. */
export async function observeStitchPlace(into: string): Promise<ObservedPlace> {
  const own = await findInfo(into);
  const parent = await findInfo(dirname(into));
  if (parent?.isDirectory() !== true) throw refuse(into, `${dirname(into)} is no directory`, 'Make it first.');
  if (own === undefined) return { into, work: besideIt(into), names: undefined };
  if (!own.isDirectory()) throw refuse(into, 'it is no directory', 'Name another place with --into.');
  const names = await readdir(into).catch((error: unknown) => {
    throw fromFsError(error, into, 'read');
  });
  const isMount = own.dev !== parent.dev || dirname(into) === into;
  const work = isMount ? join(into, 'stitch') : besideIt(into);
  return { into, work, names: names.filter((name) => join(into, name) !== work) };
}

function besideIt(into: string): string {
  return join(dirname(into), `${basename(into)}-stitch`);
}

/** Throws `not-stitchable` where a source is named twice, or one of all these directories lies inside another one. */
export function refuseNested({ into, work }: ObservedPlace, sources: readonly string[]): void {
  for (const [number, source] of sources.entries()) {
    const twin = sources.find((other, at) => at > number && (isInside(source, other) || isInside(other, source)));
    if (twin !== undefined) {
      throw refuse(into, `${source} and ${twin} are one source, or one of them lies in the other`, 'Name each once.');
    }
    for (const own of [into, work]) {
      if (!isInside(source, own) && !isInside(own, source)) continue;
      throw refuse(into, `${own} and the source ${source} lie inside one another`, 'Name another place with --into.');
    }
  }
}

/**
 * Throws `not-stitchable` where something is in the place that is not the unfinished work of `plan`: nothing is added to a
 * history that is there already.
 */
export async function refuseTaken({ into, names = [] }: ObservedPlace, plan: Plan<StitchStep> | null): Promise<void> {
  const own = plan === null ? new Set<string>() : await listOwn(plan);
  const strange = names.find((name) => !own.has(name));
  if (strange === undefined) return;
  const reason = `it is not empty, there is ${strange} in it`;
  throw refuse(into, reason, 'Name a directory with --into that does not exist yet, or is empty.');
}

/** What a plan makes in its place. Which blocks a head has become, only its file knows. */
async function listOwn({ steps }: Plan<StitchStep>): Promise<ReadonlySet<string>> {
  const own = new Set<string>();
  for (const step of steps) {
    if ('half' in step) own.add(basename(step.half));
    if (step.kind !== 'publish-stitch') continue;
    for (const block of step.blocks) own.add(block);
    for (const file of step.heads) for (const block of (await findWrittenHead(file))?.blocks ?? []) own.add(block);
  }
  return own;
}

async function findInfo(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (findErrno(error) === 'ENOENT') return undefined;
    throw fromFsError(error, path, 'read');
  }
}

function refuse(into: string, reason: string, remedy: string): HoldfastError {
  return new HoldfastError('not-stitchable', {
    message: `Nothing is stitched into ${into}: ${reason}. Nothing was changed.`,
    remedy,
    details: { into, reason },
  });
}
