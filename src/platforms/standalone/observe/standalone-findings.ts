import type { Finding } from '../../../model/finding.ts';
import { formatDuration } from '../../../model/duration.ts';
import type { StandaloneFacts } from '../standalone-facts.ts';

/** What the look saw that a person should know before the plan is carried out. */
export function findingsOf(facts: Omit<StandaloneFacts, 'findings'>, raisedByMs: number): readonly Finding[] {
  return [...raised(facts, raisedByMs), ...brokenBlocks(facts), ...unprovenHead(facts), ...otherDaemon(facts)];
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

function unprovenHead(facts: Omit<StandaloneFacts, 'findings'>): readonly Finding[] {
  const runs = facts.instances.some((instance) => instance.component === 'prometheus');
  if (!facts.exists || runs || facts.debt !== null || facts.tsdb?.hasWal !== true) return [];
  return [
    {
      rule: 'unproven-head',
      severity: 'warning',
      object: 'volumes/prometheus',
      message: 'Prometheus does not run: a baseline taken now covers its blocks, but not the samples in its WAL.',
      remedy: 'Run `holdfast up` first, then `holdfast rebuild`, to have the head proven too.',
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
