import type { ComponentObservation, Observation } from '../contract/daemon-api.ts';
import type { Finding } from '../model/finding.ts';
import { isProcessComponent } from '../model/component.ts';
import type { StackFile } from '../model/stack-file.ts';
import { judgeVolumes } from '../rules/volume-condition.ts';
import { componentTable } from './component-table.ts';
import type { Explanation } from './explain-log.ts';
import { rejectedSince, silentSinceMs, type SampleFlow } from './sample-flow.ts';

export interface StackFacts {
  readonly stack: StackFile;
  readonly components: readonly ComponentObservation[];
  readonly volumes: Observation['volumes'];
  /** Undefined while Prometheus does not run or has not answered yet. */
  readonly flow: SampleFlow | undefined;
  /** What Prometheus' newest log lines mean, in words, or null. */
  readonly flowReason: Pick<Explanation, 'message' | 'remedy'> | null;
  readonly hasReceiver: boolean;
  readonly nowMs: number;
}

export interface Judgement {
  /** False only for a component that should run and does not, a refused volume, and where no samples come in. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

/** Judges what was seen. Pure. */
export function judgeStack(facts: StackFacts): Judgement {
  const findings = [
    // First what is the cause of the others: a component whose volume is gone only says that it ended.
    ...judgeVolumes(facts.volumes),
    ...judgeComponents(facts),
    ...judgeSamples(facts),
    ...judgeWal(facts),
    ...judgeReceiver(facts),
  ];
  const starting = facts.stack.desired === 'up' && facts.components.some(isOnItsWay);
  return { ok: !starting && findings.every((finding) => finding.severity !== 'error'), findings };
}

/** Not there yet, but no trouble either: `ok` waits for it, and no finding is made of it. */
function isOnItsWay({ state }: ComponentObservation): boolean {
  return state === 'starting' || state === 'stopping';
}

function judgeComponents({ stack, components }: StackFacts): readonly Finding[] {
  if (stack.desired === 'down') return [];
  return components.flatMap((component): readonly Finding[] => {
    if (!isProcessComponent(component.name) || component.state === 'running' || isOnItsWay(component)) return [];
    const isWarning = component.state === 'unavailable' && componentTable[component.name].optional;
    return [
      {
        rule: component.state === 'unavailable' ? `${component.name}-unavailable` : `component-${component.state}`,
        severity: isWarning ? 'warning' : 'error',
        object: component.name,
        message: `${component.name} is ${component.state}${component.reason === null ? '.' : `: ${component.reason}`}`,
        remedy: component.remedy ?? remedyFor(component),
      },
    ];
  });
}

function remedyFor({ name, state }: ComponentObservation): string {
  if (state === 'held')
    return 'Run `holdfast up`, which starts it, or the command again that has stopped it, which finishes its work.';
  if (state === 'restarting') return 'Nothing to do yet: it is started again by itself.';
  return `Look at \`holdfast logs ${name}\`, then run \`holdfast up\`.`;
}

function judgeSamples({ stack, components, flow, flowReason, nowMs }: StackFacts): readonly Finding[] {
  const prometheus = components.find((component) => component.name === 'prometheus');
  if (flow === undefined || prometheus?.state !== 'running') return [];
  const sinceMs = silentSinceMs(flow, stack.config.prometheus.scrapeIntervalMs, nowMs);
  if (sinceMs === null) return [];
  const silent = `Prometheus runs, but has stored no sample since ${new Date(sinceMs).toISOString()}`;
  const { message, remedy } = explainSilence(flow, flowReason);
  return [{ rule: 'no-samples', severity: 'error', object: 'prometheus', message: `${silent}: ${message}`, remedy }];
}

function explainSilence(flow: SampleFlow, flowReason: StackFacts['flowReason']) {
  const { outOfBounds, outOfOrder } = rejectedSince(flow);
  if (outOfBounds > 0) {
    return {
      message: `it has rejected ${outOfBounds} samples as out of bounds, which a block that ends in the future makes it do.`,
      remedy:
        'Check the clock (date -u); `holdfast up` names a block in the future and how to move it out of the volume.',
    };
  }
  if (outOfOrder > 0) {
    return {
      message: `it has rejected ${outOfOrder} samples as out of order, which a clock that was set back makes it do.`,
      remedy: 'Set the clock right (date -u); samples come in again once it has passed the newest one.',
    };
  }
  if (flowReason !== null) return flowReason;
  const message = 'no scrape has brought any, and it does not say why.';
  return { message, remedy: 'Look at `holdfast logs prometheus` and at its page /targets.' };
}

/**
 * prometheus/tsdb wlog: a record that was cut off makes the repair at the next start delete every later one, which is mended
 * before that start. A series whose first record was cut off is known to the running Prometheus alone.
 */
function judgeWal({ flow }: StackFacts): readonly Finding[] {
  if (flow === undefined || flow.head.walWritesFailed === 0) return [];
  return [
    {
      rule: 'wal-writes-failed',
      severity: 'warning',
      object: 'prometheus',
      message: `Prometheus has failed to write to its WAL ${flow.head.walWritesFailed} times since it started: what it could write is kept, but series first seen meanwhile lose what is not yet in a block when it is restarted.`,
      remedy:
        'Make room, and restart or rebuild some hours later if you can: the proof says whether anything is missing.',
    },
  ];
}

function judgeReceiver({ stack, hasReceiver }: StackFacts): readonly Finding[] {
  if (hasReceiver || stack.desired === 'down') return [];
  return [
    {
      rule: 'no-receiver',
      severity: 'warning',
      object: 'alertmanager',
      message: 'Alertmanager has no receiver: alerts are shown, and nobody is notified.',
      remedy:
        'Name an Alertmanager configuration with a receiver under `alertmanager: {config: FILE}` and run `holdfast up`.',
    },
  ];
}
