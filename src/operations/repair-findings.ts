import type { Finding } from '../model/finding.ts';
import type { DamagedBlock, DamagedSegment, TsdbSurvey } from '../model/tsdb-repair.ts';

/** What a survey found, for whoever is asked whether it should be repaired. */
export function repairFindings(survey: TsdbSurvey, directory: string): readonly Finding[] {
  return [
    ...survey.blockers.map(blockerFinding),
    ...survey.blocks.map(blockFinding),
    ...survey.segments.map(segmentFinding),
    ...survey.strays.map(strayFinding),
    ...survey.checkpoints.map(checkpointFinding),
    ...renameFindings(survey.renames),
    ...holeFindings(survey.holes),
    ...survey.links.map(linkFinding),
    ...survey.notes.map((words) => noteOf(directory, words)),
  ];
}

function blockFinding(block: DamagedBlock): Finding {
  const { ulid, damages, damageCount } = block;
  const [first = 'damaged'] = damages;
  const more = damageCount > 1 ? `, and ${damageCount - 1} more` : '';
  return {
    rule: 'damaged-block',
    severity: 'error',
    object: ulid,
    message: `${first}${more}${sayKept(block)}`,
    remedy: 'Carry out this plan; put the block back from a copy if there is one.',
  };
}

function sayKept({ keep, inHead, counted, isReplaced, undeletes }: DamagedBlock): string {
  if (isReplaced) return '. A newer block, which is whole, holds its samples.';
  const of = counted === null ? '' : ` of ${counted.samples}`;
  if (inHead !== null) {
    return `; the WAL holds ${inHead.samples} samples${of}, and more that what is whole of the block would hide: nothing is written in its place.`;
  }
  const kept = keep === null ? 'nothing of it can be kept' : `${keep.samples} samples can be kept`;
  return `; ${kept}${of}.${undeletes ? ' What had been deleted of it comes back: nobody can read what that was.' : ''}`;
}

function segmentFinding(segment: DamagedSegment): Finding {
  const { path, damages, damageCount, recordsKept, bytesLost, isPassedOver } = segment;
  const consequence = isPassedOver
    ? 'Prometheus passes over that without a word: whether records were there, nobody knows.'
    : 'Prometheus would drop everything behind the first damage.';
  const more = damageCount > 1 ? `, and ${damageCount - 1} more` : '';
  return {
    rule: 'damaged-segment',
    severity: 'error',
    object: path,
    message: `${damages[0] ?? 'damaged'}${more}; ${recordsKept} records can be kept, ${bytesLost} bytes cannot. ${consequence}`,
    remedy: 'Carry out this plan before Prometheus is started.',
  };
}

function strayFinding({ path, why }: TsdbSurvey['strays'][number]): Finding {
  return {
    rule: 'stray-segment',
    severity: 'error',
    object: path,
    message: `${path} ${why}.`,
    remedy: 'Carry out this plan; it stays in the quarantine.',
  };
}

function checkpointFinding(path: string): Finding {
  return {
    rule: 'missing-checkpoint',
    severity: 'error',
    object: path,
    message: `wal/ does not begin with segment 0 and has no checkpoint: Prometheus does not start. Samples of series that were named only there have no labels any more.`,
    remedy: 'Put the checkpoint back from a copy, or carry out this plan, which makes one that is empty.',
  };
}

function renameFindings(renames: TsdbSurvey['renames']): readonly Finding[] {
  const [first] = renames;
  if (first === undefined) return [];
  return [
    {
      rule: 'outnumbered-segments',
      severity: 'error',
      object: first.from,
      message: `${renames.length} segments have numbers that the checkpoint covers, and none comes behind it: Prometheus starts, and reads neither them nor what it writes next.`,
      remedy: 'Carry out this plan before Prometheus is started: it numbers them behind the checkpoint.',
    },
  ];
}

/** One for each row of them. */
function holeFindings(holes: readonly string[]): readonly Finding[] {
  const rows: string[][] = [];
  for (const path of holes) {
    const last = rows.at(-1)?.at(-1);
    if (last !== undefined && isNext(last, path)) rows.at(-1)?.push(path);
    else rows.push([path]);
  }
  return rows.map(([first = '', ...rest]) => ({
    rule: 'missing-segment',
    severity: 'error',
    object: first,
    message:
      rest.length === 0
        ? `${first} is missing: Prometheus does not start, or does not read what it writes next.`
        : `${first} and ${rest.length} more up to ${rest.at(-1) ?? ''} are missing: Prometheus does not start.`,
    remedy: 'Put what is missing back from a copy, or carry out this plan, which makes empty segments.',
  }));
}

function isNext(one: string, other: string): boolean {
  const at = one.lastIndexOf('/') + 1;
  return one.slice(0, at) === other.slice(0, at) && Number(one.slice(at)) + 1 === Number(other.slice(at));
}

function blockerFinding({ path, why, remedy }: TsdbSurvey['blockers'][number]): Finding {
  return { rule: 'in-the-way', severity: 'error', object: path, message: why, remedy };
}

function linkFinding(path: string): Finding {
  return {
    rule: 'symbolic-link',
    severity: 'info',
    object: path,
    message: `${path} is a symbolic link where a directory belongs: Prometheus takes no notice of it, and nothing behind it is read or repaired.`,
    remedy: 'Put the directory itself in its place if it is to be read.',
  };
}

function noteOf(object: string, message: string): Finding {
  return { rule: 'left-alone', severity: 'info', object, message, remedy: 'Nothing needs to be done.' };
}
