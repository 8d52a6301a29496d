import { join } from 'node:path';
import type { BlockMeta } from '../../model/block.ts';
import type { BlockCounts, DamagedBlock, TsdbSurvey } from '../../model/tsdb-repair.ts';
import { isBlockName } from '../block-meta.ts';
import { readMetas } from '../block/read-metas.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import type { ListEntries } from '../head/wal-layout.ts';
import { chooseHeldByHead } from './choose-kept.ts';
import { isSuccessor } from './is-successor.ts';
import { surveyPlacedBlock } from './place-chunk-files.ts';
import { successorOf, type SurveyedBlock } from './survey-block.ts';

export interface SurveyedBlocks {
  readonly damaged: readonly DamagedBlock[];
  /** Files of blocks that are whole without them. */
  readonly strays: TsdbSurvey['strays'];
}

/** Reads every block, and says of each damaged one what can be kept and what it goes into. */
export function surveyBlocks(
  files: TsdbFiles,
  listEntries: ListEntries,
  onRead: (bytes: number) => void,
): SurveyedBlocks {
  const metaDamages = new Map<string, string>();
  const metas = readMetas(files, ({ file, damage }) => {
    // What may not be looked at may be whole, and is not moved.
    if (damage.rule === 'unreadable') throw damage.cause;
    metaDamages.set(file.split('/')[0] ?? '', `${file}: ${damage.message}`);
  });
  const byName = new Map<string, BlockMeta>(metas.map((meta) => [meta.ulid, meta]));
  const names = listEntries('.').flatMap(({ name, kind }) => (kind === 'directory' && isBlockName(name) ? [name] : []));
  const damaged: SurveyedBlock[] = [];
  const strays: SurveyedBlocks['strays'][number][] = [];
  let placed = files;
  for (const ulid of names.sort()) {
    const found = surveyPlacedBlock({
      files: placed,
      ulid,
      meta: byName.get(ulid),
      metaDamage: metaDamages.get(ulid),
      onRead,
    });
    placed = found.files;
    if (found.damaged !== undefined) damaged.push(found.damaged);
    strays.push(...found.strays.map((name) => ({ path: join(ulid, 'chunks', name), why: whyStray })));
  }
  return { damaged: judge(damaged, { files, placed, metas, byName, listEntries, onRead }), strays };
}

const whyStray =
  'has a name that Prometheus takes for that of a chunk file, and no series refers to it: Prometheus does not find the chunks of the files behind it, or does not start';

interface Judging {
  readonly files: TsdbFiles;
  /** The same, with chunk files in the places where they belong. */
  readonly placed: TsdbFiles;
  readonly metas: readonly BlockMeta[];
  readonly byName: ReadonlyMap<string, BlockMeta>;
  readonly listEntries: ListEntries;
  readonly onRead: (bytes: number) => void;
}

/** What of each is kept, in which block, and what is held elsewhere. */
function judge(damaged: readonly SurveyedBlock[], looking: Judging): readonly DamagedBlock[] {
  const { placed, metas, byName, onRead } = looking;
  const broken = new Set(damaged.map(({ ulid }) => ulid));
  // Prometheus removes what a block names as its parents; of a damaged one they may be all that is left.
  const whole = metas.filter(({ ulid }) => !broken.has(ulid));
  const replaced = new Set(whole.flatMap(({ parents }) => parents));
  const isReplaced = ({ ulid }: SurveyedBlock) => replaced.has(ulid) || byName.get(ulid)?.deletable === true;
  const keepable = damaged.filter((block) => !isReplaced(block) && block.found.chunks > 0);
  const keepableNames = new Set(keepable.map(({ ulid }) => ulid));
  const inHead = chooseHeldByHead({
    files: placed,
    metas: metas.filter(({ ulid }) => !broken.has(ulid) || keepableNames.has(ulid)),
    blocks: keepable,
    onRead,
  });
  return damaged.map((block): DamagedBlock => {
    const { ulid, damages, damageCount, counted, times, undeletes, isNumbered, found, shape } = block;
    const said = { ulid, damages, damageCount, counted, times, undeletes, isNumbered, isReplaced: isReplaced(block) };
    const held = inHead.get(ulid) ?? null;
    if (held !== null || !keepableNames.has(ulid)) return { ...said, inHead: held, keep: null };
    const { series, chunks, samples } = found;
    const counts = { series, chunks, samples };
    const keep = { ...counts, shape, to: chooseName(block, counts, looking) };
    return { ...said, inHead: null, keep };
  });
}

/** That of a block which holds just what would be written, or one that nothing has yet, half-made or whole. */
function chooseName(
  { ulid, shape, counted, isNumbered }: SurveyedBlock,
  counts: BlockCounts,
  { files, listEntries, onRead }: Judging,
): string {
  const taken = listEntries('.').map(({ name }) => name);
  for (let attempt = 0; ; attempt += 1) {
    const to = successorOf(ulid, attempt);
    if (!taken.some((name) => name.startsWith(to))) return to;
    const successor = { block: ulid, series: counted?.series ?? null, isNumbered, to, shape, counts };
    if (isSuccessor(successor, { from: files, files, onRead })) return to;
  }
}
