import type { KeeperRef } from '../../model/discard-step.ts';
import { refuseNoKeeper } from '../../rules/refuse-no-keeper.ts';
import type { SurveyOptions } from '../rescue/survey-share.ts';
import { findKeepers } from './find-keepers.ts';
import type { Discardable } from './observe-discardable.ts';
import { observeKeeper, type NoKeeper } from './observe-keeper.ts';

export interface KeeperChoice {
  readonly keepers: readonly KeeperRef[];
}

export interface KnownKeepers {
  /** By the user: then no other one is looked for. Absolute paths without a symlink. */
  readonly named: readonly string[];
  /** Those of the first proof, as far as they are still there. */
  readonly remembered: readonly string[];
}

/** The directories that are to hold every sample. Throws `not-elsewhere` where there is none, or a named one does not count. */
export async function chooseKeepers(
  discarded: Discardable,
  { named, remembered }: KnownKeepers,
  options: SurveyOptions,
): Promise<KeeperChoice> {
  if (named.length > 0) {
    const { keepers, passed } = await observeAll(named, discarded);
    if (passed.length > 0) throw refuseNoKeeper(discarded.path, passed);
    return { keepers: unique(keepers) };
  }
  const before = await observeAll(remembered, discarded);
  const found = await findKeepers(discarded, options);
  const keepers = unique([...before.keepers, ...found.keepers]);
  if (keepers.length === 0) throw refuseNoKeeper(discarded.path, [...before.passed, ...found.passed]);
  return { keepers };
}

async function observeAll(paths: readonly string[], discarded: Discardable) {
  const keepers: KeeperRef[] = [];
  const passed: NoKeeper[] = [];
  for (const path of paths) {
    const keeper = await observeKeeper(path, discarded);
    if ('reason' in keeper) passed.push(keeper);
    else keepers.push(keeper);
  }
  return { keepers, passed };
}

function unique(keepers: readonly KeeperRef[]): readonly KeeperRef[] {
  return [...new Map(keepers.map((keeper) => [keeper.path, keeper])).values()];
}
