import type { BlockOnDisk, TsdbListing } from '../../model/block.ts';
import { formatBytes } from '../../model/bytes.ts';
import { formatDuration } from '../../model/duration.ts';
import type { Finding } from '../../model/finding.ts';
import type { EffectiveRetention, Retention } from '../../model/retention.ts';
import { effectiveRetention, judgeRetention, raiseForOutage, retentionThatKeepsAll } from '../../rules/retention.ts';

/** Under which retention the result will be started, and who says so. */
export type ResultRetention =
  | { readonly by: 'flag'; readonly timeMs: number }
  /** The result is the Prometheus volume of a stack. */
  | { readonly by: 'stack'; readonly stack: string; readonly dataRoot: string; readonly retention: Retention }
  /** Nobody yet. `adopt` begins with what is asked for, and raises it until it keeps all. */
  | { readonly by: 'adopt'; readonly asked: EffectiveRetention };

/** What Prometheus takes where nobody says anything. */
const defaultRetention: EffectiveRetention = { timeMs: 15 * 24 * 3_600_000, sizeBytes: 0 };

export interface ResultToJudge {
  readonly listing: TsdbListing;
  readonly retention: ResultRetention;
  readonly nowMs: number;
}

/** Blocks that Prometheus would delete at its first start, or when it cuts its first block. */
export function findCondemned(judged: ResultToJudge): readonly BlockOnDisk[] {
  const none = { timeMs: 0, sizeBytes: 0 };
  const { listing, nowMs } = judged;
  return judgeRetention({ listing, newestMs: null, inForce: none, next: retentionInForce(judged), nowMs }).condemned;
}

/** As `up` would start a stack: an outage does not count. */
function retentionInForce({ listing, retention, nowMs }: ResultToJudge): EffectiveRetention {
  switch (retention.by) {
    case 'flag':
      return { timeMs: retention.timeMs, sizeBytes: 0 };
    case 'stack': {
      const newestMs = listing.newestBlockMs === null ? null : listing.newestBlockMs - 1;
      return effectiveRetention(raiseForOutage(retention.retention, { newestMs, nowMs }));
    }
    case 'adopt':
      return defaultRetention;
  }
}

/** Whose Prometheus that is, as the beginning of a sentence. */
export function ofWhom(judged: ResultToJudge): string {
  const { retention } = judged;
  switch (retention.by) {
    case 'flag':
      return `A Prometheus that is started with a retention of ${formatDuration(retention.timeMs)}`;
    case 'stack':
      return `The Prometheus of stack ${retention.stack} (${retention.dataRoot}), whose volume this is, with its retention of ${wordsOf(retentionInForce(judged))},`;
    case 'adopt':
      return `A Prometheus that is started without a retention of its own (${formatDuration(defaultRetention.timeMs)})`;
  }
}

/** What keeps all of it, in one sentence. */
export function howToKeepAll({ listing, retention, nowMs }: ResultToJudge): string {
  const adopted = retentionThatKeepsAll(listing, nowMs, retention.by === 'adopt' ? retention.asked : undefined);
  const adopt = `take it in with \`holdfast adopt\`, which sets what keeps all of it (now that is ${wordsOf(adopted)})`;
  if (retention.by === 'stack') return `Stitch into another place, then ${adopt}.`;
  return `Start it with --storage.tsdb.retention.time=${formatDuration(adopted.timeMs)}, or ${adopt}.`;
}

/** Told where `adopt` will set another retention than it is asked for. */
export function adoptionFinding({ listing, retention, nowMs }: ResultToJudge, into: string): readonly Finding[] {
  if (retention.by !== 'adopt') return [];
  const { asked } = retention;
  const { timeMs, sizeBytes } = retentionThatKeepsAll(listing, nowMs, asked);
  if (timeMs === asked.timeMs && sizeBytes === asked.sizeBytes) return [];
  return [
    {
      rule: 'retention-keeps-all',
      severity: 'info',
      object: into,
      message: `\`holdfast adopt\` would raise the retention of its stack from ${wordsOf(asked)} to ${wordsOf({ timeMs, sizeBytes })}, which keeps all of it.`,
      remedy: 'Nothing needs to be done.',
    },
  ];
}

function wordsOf({ timeMs, sizeBytes }: EffectiveRetention): string {
  const time = timeMs === 0 ? 'any time' : formatDuration(timeMs);
  return sizeBytes === 0 ? time : `${time} and ${formatBytes(sizeBytes)}`;
}
