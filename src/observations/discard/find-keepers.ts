import type { KeeperRef } from '../../model/discard-step.ts';
import { readMetas } from '../../tsdb/block/read-metas.ts';
import { quietFiles } from '../../tsdb/files/quiet-files.ts';
import { surveyShare, type SurveyOptions } from '../rescue/survey-share.ts';
import type { Discardable } from './observe-discardable.ts';
import { observeKeeper, type NoKeeper } from './observe-keeper.ts';

export interface FoundKeepers {
  readonly keepers: readonly KeeperRef[];
  /** Those that would have held blocks of it, and why they do not count. */
  readonly passed: readonly NoKeeper[];
}

/**
 * Volumes beside a directory that hold its blocks, or blocks that were made of the same ones: as few as hold all of them,
 * those in use first. Only names of blocks are compared here; what they hold is for the proof to say.
 */
export async function findKeepers(discarded: Discardable, options: SurveyOptions): Promise<FoundKeepers> {
  const left = namesIn(discarded.tsdbs);
  const { volumes } = await surveyShare(discarded.parent, options);
  const candidates = volumes
    // A snapshot counts with its volume, and a quarantine is there to be removed some day.
    .filter(({ kind, form }) => kind === 'prometheus' && form !== 'snapshot' && form !== 'quarantine')
    .filter(({ path }) => !isIn(path, discarded.path))
    .map((volume) => ({ volume, names: namesIn([volume.dataDirectory]) }))
    .map(({ volume, names }) => ({ volume, names, shared: [...names].filter((name) => left.has(name)).length }))
    .filter(({ shared }) => shared > 0)
    .sort((one, other) => {
      const [ours, theirs] = [Number(one.volume.boundTo === null), Number(other.volume.boundTo === null)];
      return ours - theirs || other.shared - one.shared;
    });
  const keepers: KeeperRef[] = [];
  const passed: NoKeeper[] = [];
  for (const { volume, names } of candidates) {
    if (keepers.length > 0 && ![...names].some((name) => left.has(name))) continue;
    const keeper = await observeKeeper(volume.dataDirectory, discarded);
    if ('reason' in keeper) {
      passed.push(keeper);
      continue;
    }
    keepers.push(keeper);
    for (const name of names) left.delete(name);
  }
  return { keepers, passed };
}

/** Of its blocks, and of those that they were compacted from. */
function namesIn(dataDirectories: readonly string[]): Set<string> {
  const ignore = (): void => undefined;
  return new Set(
    dataDirectories
      .flatMap((directory) => readMetas(quietFiles(directory), ignore))
      .flatMap(({ ulid, sources, parents }) => [ulid, ...sources, ...parents]),
  );
}

function isIn(path: string, root: string): boolean {
  return path === root || path.startsWith(`${root}/`);
}
