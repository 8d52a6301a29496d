import type { Finding } from '../../../model/finding.ts';
import { formatDuration } from '../../../model/duration.ts';
import type { StandaloneFacts } from '../standalone-facts.ts';

/** What the look saw that a person should know before the plan is carried out. */
export function findingsOf(facts: Omit<StandaloneFacts, 'findings'>, raisedByMs: number): readonly Finding[] {
  return [
    ...keepsAll(facts),
    ...raised(facts, raisedByMs),
    ...brokenBlocks(facts),
    ...headByBytes(facts),
    ...otherDaemon(facts),
  ];
}

function keepsAll({ adopt }: Omit<StandaloneFacts, 'findings'>): readonly Finding[] {
  if (!adopt?.retention) return [];
  const { timeMs } = adopt.retention;
  const kept = timeMs === 0 ? 'without limit' : `for ${formatDuration(timeMs)}`;
  return [
    {
      rule: 'retention-keeps-all',
      severity: 'info',
      object: 'prometheus',
      message: `Samples will be kept ${kept}, so that nothing of ${adopt.from} is deleted by age or size.`,
      remedy: 'Nothing to do; `prometheus.retention` and `retentionSize` in the config file change it.',
    },
  ];
}

function raised(facts: Omit<StandaloneFacts, 'findings'>, raisedByMs: number): readonly Finding[] {
  if (raisedByMs <= 0) return [];
  const since = facts.newestMs === null ? '' : ` since ${new Date(facts.newestMs).toISOString()}`;
  return [
    {
      rule: 'retention-raised',
      severity: 'info',
      object: 'prometheus',
      message: `Retention is raised by ${formatDuration(raisedByMs)}: no samples were stored${since}, and the time of an outage does not count.`,
      remedy: 'Nothing to do; the raise ends by itself once the blocks from before it have had their time.',
    },
  ];
}

function brokenBlocks(facts: Omit<StandaloneFacts, 'findings'>): readonly Finding[] {
  return (facts.tsdb?.broken ?? []).map((block) => ({
    rule: 'broken-block',
    severity: 'warning' as const,
    object: `volumes/prometheus/prometheus-db/${block.name}`,
    message: `Block ${block.name} cannot be read: ${block.reason}. Prometheus leaves it out or refuses to start.`,
    remedy: 'Put its meta.json back from a copy, or keep the directory aside for a repair; do not delete it.',
  }));
}

function headByBytes(facts: Omit<StandaloneFacts, 'findings'>): readonly Finding[] {
  const runs = facts.instances.some((instance) => instance.component === 'prometheus');
  if (!facts.exists || runs || facts.debt !== null || facts.tsdb?.hasWal !== true) return [];
  return [
    {
      rule: 'head-by-bytes-alone',
      severity: 'info',
      object: 'volumes/prometheus',
      message: 'Prometheus does not run: a baseline taken now has the samples in its WAL by their bytes alone.',
      remedy: 'Nothing to do; run `holdfast up` first to have its answers as the second witness.',
    },
  ];
}

function otherDaemon(facts: Omit<StandaloneFacts, 'findings'>): readonly Finding[] {
  if (!facts.daemonVersionDiffers) return [];
  return [
    {
      rule: 'daemon-of-another-version',
      severity: 'warning',
      object: 'daemon',
      message: 'The daemon that runs was started by another version of Holdfast.',
      remedy: 'Run `holdfast down` and `holdfast up`.',
    },
  ];
}
