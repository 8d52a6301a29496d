import type { BlockOnDisk } from '../../model/block.ts';
import { formatCount, plural } from '../../model/counted.ts';
import type { Finding } from '../../model/finding.ts';
import type { ObservedSource, ObservedSources } from '../../model/stitch-facts.ts';
import { judgeFutureBlocks } from '../../rules/future-blocks.ts';
import { notOpenedFinding } from './not-opened-finding.ts';
import { adoptionFinding, findCondemned, howToKeepAll, ofWhom, type ResultToJudge } from './result-retention.ts';
import { stitchedListing } from './stitched-listing.ts';
import type { ChosenBlock, StitchOrder } from './stitch.ts';

export interface JudgedStitch extends StitchOrder {
  readonly chosen: readonly ChosenBlock[];
  /** Numbers of the sources whose heads are written. */
  readonly heads: readonly number[];
}

/** What is told before anything is done. */
export function stitchFindings(facts: ObservedSources, judged: JudgedStitch): readonly Finding[] {
  const { sources } = facts;
  return [
    ...sources.map(sourceFinding),
    ...sources.flatMap(warningsOf),
    ...twinFinding(facts, judged),
    ...conflictFinding(facts, judged),
    ...retentionFindings(facts, judged),
    ...futureFindings(
      judged.chosen.map(({ block }) => block),
      judged.nowMs,
    ),
    ...(judged.opening.program === null ? [notOpenedFinding(judged.into, judged.opening.reason)] : []),
  ];
}

/** What is judged by its times and sizes. */
export function resultToJudge({ sources }: ObservedSources, judged: JudgedStitch): ResultToJudge {
  const { chosen, heads, retention, nowMs } = judged;
  const listing = stitchedListing(
    chosen.map(({ block }) => block),
    sources.filter((_, number) => heads.includes(number)),
  );
  return { listing, retention, nowMs };
}

function sourceFinding({ directory, inventory, blocks, headBytes }: ObservedSource): Finding {
  const { samples, series, outOfOrderSamples } = inventory.totals;
  const late = outOfOrderSamples === 0 ? '' : `, ${formatCount(outOfOrderSamples)} of them out of order`;
  const head = headBytes === 0 ? '' : ` and a head${late}`;
  const first = inventory.windows[0]?.firstMs ?? null;
  const last = inventory.windows.at(-1)?.lastMs ?? null;
  const span = first === null || last === null ? '' : `, ${timeOf(first)} to ${timeOf(last)}`;
  return {
    rule: 'source',
    severity: 'info',
    object: directory,
    message: `${plural(samples, 'sample')} in ${formatCount(series)} series${span}: ${plural(blocks.length, 'block')}${head}.`,
    remedy: 'Nothing needs to be done.',
  };
}

function warningsOf({ directory, inventory }: ObservedSource): readonly Finding[] {
  return inventory.findings
    .filter(({ severity }) => severity === 'warning')
    .map(({ rule, message, remedy }) => ({ rule, severity: 'warning', object: directory, message, remedy }));
}

function twinFinding({ sources, twins }: ObservedSources, { chosen, into }: JudgedStitch): readonly Finding[] {
  const blocks = sources.reduce((sum, source) => sum + source.blocks.length, 0) - chosen.length;
  const heads = sources.filter(({ headBytes }, number) => headBytes > 0 && twins.headOf[number] !== number).length;
  if (blocks + heads === 0) return [];
  const words = [...(blocks === 0 ? [] : [plural(blocks, 'block')]), ...(heads === 0 ? [] : [plural(heads, 'head')])];
  return [
    {
      rule: 'taken-once',
      severity: 'info',
      object: into,
      message: `${words.join(' and ')} of one source, byte for byte another one's as well, taken once.`,
      remedy: 'Nothing needs to be done.',
    },
  ];
}

function conflictFinding({ sources, union }: ObservedSources, { winner }: JudgedStitch): readonly Finding[] {
  if (winner === null || union === null || union.conflicts.samples === 0) return [];
  const { samples, series } = union.conflicts;
  const count = series.listed.length + series.more;
  const directory = sources[winner]?.directory ?? '';
  return [
    {
      rule: 'conflicting-samples',
      severity: 'warning',
      object: directory,
      message: `${plural(samples, 'sample')} of ${formatCount(count)} series ${samples === 1 ? 'has' : 'have'} another value in another source, as ${series.listed[0]?.series ?? ''}: those of ${directory} stay, the others will not be in the result.`,
      remedy: 'Make sure that it is the one whose values are right.',
    },
  ];
}

function retentionFindings(facts: ObservedSources, judged: JudgedStitch): readonly Finding[] {
  const { into } = judged;
  const result = resultToJudge(facts, judged);
  const condemned = findCondemned(result);
  const adoption = adoptionFinding(result, into);
  if (condemned.length === 0) return adoption;
  const samples = condemned.reduce((sum, block) => sum + block.samples, 0);
  return [
    {
      rule: 'retention-deletes',
      severity: 'warning',
      object: into,
      message: `${ofWhom(result)} deletes ${listOf(condemned)} with ${plural(samples, 'sample')}, at once or when it cuts its first block.`,
      remedy: howToKeepAll(result),
    },
    ...adoption,
  ];
}

/** The first few, and how many more. */
export function listOf(blocks: readonly BlockOnDisk[]): string {
  const named = blocks
    .slice(0, 3)
    .map(({ ulid, minTime, maxTime }) => `${ulid} (${timeOf(minTime)} to ${timeOf(maxTime)})`);
  const more = blocks.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${formatCount(more)} more ${more === 1 ? 'block' : 'blocks'}` : ''}`;
}

function futureFindings(blocks: readonly BlockOnDisk[], nowMs: number): readonly Finding[] {
  return judgeFutureBlocks(blocks, nowMs).refused.map(({ ulid, maxTime }) => ({
    rule: 'block-in-the-future',
    severity: 'warning',
    object: ulid,
    message: `Block ${ulid} ends at ${timeOf(maxTime)}, in the future: Prometheus would reject every sample until then.`,
    remedy: 'Set the clock right if it is wrong.',
  }));
}

export function timeOf(atMs: number): string {
  return !(Math.abs(atMs) <= 8.64e15) ? String(atMs) : new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
