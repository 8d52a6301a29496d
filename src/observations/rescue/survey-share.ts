import type { FoundVolume, RescueSurvey } from '../../model/found-volume.ts';
import type { StepProgress } from '../../model/handler.ts';
import { listEntries } from '../identify-directory.ts';
import { requireDirectory } from '../require-directory.ts';
import { reasonOf } from './reason-of.ts';
import { describeVolume, type DescribedVolume } from './describe-volume.ts';
import { walkShare, type UnreadablePlace } from './walk-share.ts';

export interface SurveyOptions {
  readonly progress: (progress: StepProgress) => void;
  readonly signal: AbortSignal;
}

/** So often a signal is heeded and progress told. */
const breathEveryMs = 100;

/** Says what each directory below a share is, of whom, and since when. Only looks. Throws `not-a-directory` and `io`. */
export async function surveyShare(root: string, { progress, signal }: SurveyOptions): Promise<RescueSurvey> {
  await requireDirectory(root, 'Name the directory whose subdirectories are volumes, as the root of a share.');
  // A share of which nothing can be read is no empty one.
  listEntries(root);
  const volumes: DescribedVolume[] = [];
  const unreadable: UnreadablePlace[] = [];
  let directories = 0;
  let breathedMs = performance.now();
  for (const visit of walkShare(root)) {
    directories += 1;
    if (visit.unreadable !== null) unreadable.push(visit.unreadable);
    for (const candidate of visit.candidates) {
      try {
        volumes.push(await describeVolume(candidate, root));
      } catch (error) {
        unreadable.push({ path: candidate.path, reason: reasonOf(error) });
      }
    }
    if (performance.now() - breathedMs < breathEveryMs) continue;
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    progress({ done: directories, total: 0, unit: 'items', text: `directories, ${volumes.length} volumes` });
    breathedMs = performance.now();
  }
  volumes.sort((one, other) => (one.path < other.path ? -1 : 1));
  return { volumes: compareVolumes(volumes), directories, unreadable };
}

/** So many others are named for a block; a share may hold thousands of copies of one. */
const mostHolders = 50;

/** Which share blocks with which, and which hold nothing that another, more likely original one does not hold as well. */
export function compareVolumes(volumes: readonly DescribedVolume[]): readonly FoundVolume[] {
  const ranked = volumes.toSorted(byOriginality);
  const rank = new Map(ranked.map((volume, index) => [volume, index]));
  const holders = new Map<string, DescribedVolume[]>();
  for (const volume of ranked) {
    for (const ulid of volume.blockNames) {
      const known = holders.get(ulid);
      if (known === undefined) holders.set(ulid, [volume]);
      else if (known.length <= mostHolders) known.push(volume);
    }
  }
  return volumes.map((volume) => {
    const shared = new Map<DescribedVolume, number>();
    for (const other of volume.blockNames.flatMap((ulid) => holders.get(ulid) ?? [])) {
      if (other !== volume) shared.set(other, (shared.get(other) ?? 0) + 1);
    }
    const { blockNames, ...found } = volume;
    const isBefore = (other: DescribedVolume) => (rank.get(other) ?? 0) < (rank.get(volume) ?? 0);
    const isCopy = [...shared].some(([other, blocks]) => blocks === blockNames.length && isBefore(other));
    const duplicates = [...shared].map(([other, blocks]) => ({ path: other.path, blocks }));
    return { ...found, form: found.form === 'volume' && isCopy ? 'copy' : found.form, duplicates };
  });
}

const formRank: Readonly<Record<FoundVolume['form'], number>> = {
  volume: 0,
  copy: 1,
  archived: 2,
  snapshot: 3,
  quarantine: 4,
};

/** One that is in use is never a copy; else the one with more blocks, that was written to last, comes first. */
function byOriginality(one: DescribedVolume, other: DescribedVolume): number {
  return (
    Number(one.discarded !== null) - Number(other.discarded !== null) ||
    Number(one.boundTo === null) - Number(other.boundTo === null) ||
    formRank[one.form] - formRank[other.form] ||
    other.blockNames.length - one.blockNames.length ||
    (other.lastWriteMs ?? 0) - (one.lastWriteMs ?? 0) ||
    (one.path < other.path ? -1 : 1)
  );
}
