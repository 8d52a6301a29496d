import { join } from 'node:path';
import type { ComponentObservation, DaemonReader, Observation } from '../contract/daemon-api.ts';
import { findLastObservation } from '../data-root/last-observation.ts';
import { getStackFile } from '../data-root/stack-file.ts';
import { readVolumeCondition } from '../data-root/volume-identity.ts';
import { hasCode } from '../errors/holdfast-error.ts';
import { plural } from '../model/counted.ts';
import { componentNames, type ComponentName } from '../model/component.ts';
import type { Finding } from '../model/finding.ts';
import { isGoodProof, lostSamplesOf, type Proof } from '../model/proof.ts';
import type { RunSummary } from '../model/run.ts';
import type { StackFile } from '../model/stack-file.ts';
import type { ComponentStatus, StatusReport, VolumeStatus } from '../model/status.ts';
import { judgeVolumes } from '../rules/volume-condition.ts';
import { judgeOwedProof } from './owed-proof.ts';
import { findLastProof, isLossAccepted } from './proofs.ts';

export interface StatusReaders {
  readonly dataRoot: string;
  readonly daemon: DaemonReader;
  /** The newest run in the journal, or undefined. */
  readonly findLastRun: () => Promise<RunSummary | undefined>;
  /** The process that is this one of the last observation, if it still lives. */
  readonly isAlive: (identity: NonNullable<ComponentObservation['identity']>) => Promise<boolean>;
  readonly now: () => number;
}

/**
 * What there is, from the daemon's last look, the journal and the proofs. Throws `no-stack` where there is no stack.
 * `ok` is false only for a component that should run and does not, a refused volume, a lost proof, no samples coming in.
 */
export async function observeStatus(
  readers: StatusReaders,
  options: { readonly fresh: boolean },
  signal: AbortSignal,
): Promise<StatusReport> {
  const stack = await getStackFile(readers.dataRoot);
  const [seen, lastRun, proof] = await Promise.all([
    look(readers, options, signal),
    readers.findLastRun(),
    findLastProof(readers.dataRoot),
  ]);
  const components = await listComponents(stack, seen, readers);
  const volumes = await listVolumes(stack, seen, readers.dataRoot);
  const findings = [
    ...judgeVolumes(volumes),
    ...seen.findings.filter(({ rule }) => rule !== 'volume-refused'),
    ...(seen.isLive ? judgeAge(seen, readers.now()) : withoutDaemon(stack, components)),
    ...(await judgeProof(proof, readers.dataRoot)),
    ...(await judgeOwedProof(readers, proof?.run)),
  ];
  const { daemon } = seen;
  return {
    ok: seen.isOk && findings.every(({ rule }) => !notOkRules.includes(rule)) && areVolumesOk(volumes),
    stack: stack.name,
    platform: stack.config.platform,
    dataRoot: readers.dataRoot,
    desired: stack.desired,
    observedAtMs: seen.observedAtMs,
    daemon: daemon === null ? null : { pid: daemon.identity.pid, afterReboot: daemon.service !== 'none' },
    components,
    volumes,
    findings,
    lastRun: lastRun === undefined ? null : pickRun(lastRun),
    lastProof: proof === undefined ? null : pickProof(proof),
  };
}

/** Findings of our own that make a stack not ok; the daemon says by itself whether what it saw is ok. */
const notOkRules: readonly string[] = ['daemon-not-running', 'daemon-unreachable', 'observation-stale', 'proof-lost'];

/** What the daemon sees now, or saw last, or nothing. */
interface Seen {
  readonly isLive: boolean;
  readonly isOk: boolean;
  readonly observedAtMs: number;
  readonly daemon: Observation['daemon'];
  readonly components: readonly ComponentObservation[];
  readonly volumes: Observation['volumes'];
  readonly findings: readonly Finding[];
}

async function look(readers: StatusReaders, options: { readonly fresh: boolean }, signal: AbortSignal): Promise<Seen> {
  const unreachable: Finding[] = [];
  try {
    const live = await readers.daemon.observe(options, signal);
    if (live !== undefined) return { ...live, isLive: true, isOk: live.ok };
  } catch (error) {
    if (!hasCode(error, 'daemon-unreachable')) throw error;
    unreachable.push({
      rule: 'daemon-unreachable',
      severity: 'error',
      object: 'daemon',
      message: `${error.message} What follows is what it saw last.`,
      remedy: error.remedy,
    });
  }
  const last = await findLastObservation(readers.dataRoot);
  return {
    isLive: false,
    isOk: true,
    observedAtMs: last?.observedAtMs ?? readers.now(),
    daemon: null,
    components: last?.components ?? [],
    volumes: last?.volumes ?? [],
    // What was wrong then may be right now; what a stack lacks for good is still said.
    findings: [...unreachable, ...(last?.findings ?? []).filter(({ severity }) => severity !== 'error')],
  };
}

async function listComponents(stack: StackFile, seen: Seen, readers: StatusReaders): Promise<ComponentStatus[]> {
  return Promise.all(
    componentNames.map(async (name) => {
      const found = seen.components.find((component) => component.name === name);
      if (found === undefined) return neverSeen(name);
      return seen.isLive ? toStatus(found) : withoutKeeper(found, stack, readers);
    }),
  );
}

function neverSeen(name: ComponentName): ComponentStatus {
  const state = name === 'kube-state-metrics' ? 'not-applicable' : 'stopped';
  return { name, state, address: null, version: null, pid: null, since: null, restarts: 0, reason: null };
}

function toStatus({ identity, sinceMs, ...component }: ComponentObservation): ComponentStatus {
  const { name, state, address, version, restarts, reason } = component;
  const since = sinceMs === null ? null : new Date(sinceMs).toISOString();
  return { name, state, address, version, pid: identity?.pid ?? null, since, restarts, reason };
}

/** Without a daemon, a component that ran may go on by itself: it runs if its very process is still there. */
async function withoutKeeper(
  found: ComponentObservation,
  stack: StackFile,
  readers: StatusReaders,
): Promise<ComponentStatus> {
  const status = toStatus(found);
  if (found.state === 'unavailable' || found.state === 'not-applicable') return status;
  const stopped: ComponentStatus = { ...status, state: 'stopped', pid: null, since: null };
  if (found.identity === null) return stopped;
  const isAlive = await readers.isAlive(found.identity).catch(() => undefined);
  if (isAlive === false) return stopped;
  const reason =
    isAlive === true && stack.desired === 'up'
      ? 'its process is there, but no daemon looks after it'
      : isAlive === true
        ? 'its process is there, although the stack is down'
        : 'its process is on another host, which cannot be seen from here';
  return { ...status, state: 'unknown', reason };
}

async function listVolumes(stack: StackFile, seen: Seen, dataRoot: string): Promise<VolumeStatus[]> {
  return Promise.all(
    stack.volumes.map(async (listed) => {
      const found = seen.volumes.find(({ component }) => component === listed.component);
      // The state is looked up where no daemon does: it decides whether the next `up` would be refused.
      const state =
        seen.isLive && found !== undefined
          ? found.state
          : (await readVolumeCondition(dataRoot, listed, stack.stackId)).state;
      const { sizeBytes = null, oldestMs = null, newestMs = null } = found ?? {};
      const path = join(dataRoot, listed.path);
      return { component: listed.component, path, id: listed.id, state, sizeBytes, oldestMs, newestMs };
    }),
  );
}

function areVolumesOk(volumes: readonly VolumeStatus[]): boolean {
  return volumes.every(({ state }) => state === 'ok');
}

/** Twelve looks: a daemon that has not finished one since, hangs in it, as on a share that does not answer. */
const longestAgeMs = 60_000;

/** An old look must not pass for the present. */
function judgeAge({ observedAtMs, daemon }: Seen, nowMs: number): readonly Finding[] {
  const ageMs = nowMs - observedAtMs;
  if (ageMs <= longestAgeMs) return [];
  return [
    {
      rule: 'observation-stale',
      severity: 'error',
      object: 'daemon',
      message: `The daemon${daemon === null ? '' : ` (pid ${daemon.identity.pid})`} answers, but its last look is ${Math.floor(ageMs / 1000)} s old: what it looks at does not answer.`,
      remedy: 'Look at `holdfast logs daemon`, and whether the file system of the data root answers: `df`.',
    },
  ];
}

function withoutDaemon(stack: StackFile, components: readonly ComponentStatus[]): readonly Finding[] {
  if (stack.desired === 'down') return [];
  const left = components.filter(({ state }) => state === 'unknown').map(({ name }) => name);
  const still = left.length === 0 ? 'and nothing of the stack runs' : `${left.join(', ')} may still run by themselves`;
  return [
    {
      rule: 'daemon-not-running',
      severity: 'error',
      object: 'daemon',
      message: `No daemon looks after this data root, ${still}.`,
      remedy: 'Run `holdfast up`: it starts the daemon, which takes over what still runs.',
    },
  ];
}

/** A loss that the user has accepted stays to be seen, and no longer makes the stack not ok. */
async function judgeProof(proof: Proof | undefined, dataRoot: string): Promise<readonly Finding[]> {
  if (proof === undefined || isGoodProof(proof)) return [];
  const object = `runs/${proof.run}`;
  const message = `The last proof found data missing: ${describeLoss(proof)}.`;
  if (await isLossAccepted(dataRoot, proof.run)) {
    return [{ rule: 'loss-accepted', severity: 'info', object, message: `${message} It was accepted.`, remedy: '' }];
  }
  const remedy = `Put back what is missing and run \`holdfast rebuild\`, which proves again (see proofs/${proof.run}.json).`;
  return [{ rule: 'proof-lost', severity: 'error', object, message, remedy }];
}

function describeLoss(proof: Proof): string {
  const { lost, components, tsdb } = proof;
  const count = lostSamplesOf(proof);
  const windowCount = Math.max(lost.windows.length, tsdb?.lost.windows.length ?? 0);
  const samples = count > 0 ? [plural(count, 'sample')] : [];
  const windows = windowCount > 0 ? [plural(windowCount, 'window')] : [];
  const parts = components.filter((part) => part.lost > 0).map((part) => `${part.lost} of ${part.name}`);
  return [...samples, ...windows, ...parts].join(', ');
}

function pickRun({ run, verb, state, startedAtMs }: RunSummary): StatusReport['lastRun'] {
  return { run, verb, state, startedAtMs };
}

function pickProof(proof: Proof): StatusReport['lastProof'] {
  const { run, provedAtMs, completeToMs } = proof;
  return { run, provedAtMs, ok: isGoodProof(proof), lostSamples: lostSamplesOf(proof), completeToMs };
}
