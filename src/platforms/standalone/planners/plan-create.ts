import { processComponents, volumeComponents, type ProcessComponent } from '../../../model/component.ts';
import type { Order } from '../../platform.ts';
import type { StandaloneFacts } from '../standalone-facts.ts';
import type {
  CreateSecretsStep,
  CreateVolumeStep,
  FetchProgramStep,
  StartDaemonStep,
  WriteStackFileStep,
} from '../standalone-step.ts';
import { fetchesFirst, planPrograms } from './plan-programs.ts';

type CreateStep = WriteStackFileStep | CreateSecretsStep | FetchProgramStep | CreateVolumeStep | StartDaemonStep;

/** Everything that must be there before a component can start: stack.json first, so that a crash leaves a known root. */
export function planCreate(facts: StandaloneFacts, order: Order): readonly CreateStep[] {
  if (order.verb === 'adopt')
    return [...planStackFile(facts, facts.stackFile?.desired ?? 'down'), ...planSecrets(facts)];
  return [
    ...planStackFile(facts, 'up'),
    ...planSecrets(facts),
    ...(fetchesFirst(facts, order) ? [] : planPrograms(facts, order)),
    ...planVolumes(facts),
    ...planDaemon(facts),
  ];
}

/** stack.json as it shall be; nothing where it already says so. */
export function planStackFile(facts: StandaloneFacts, desired: 'up' | 'down'): readonly WriteStackFileStep[] {
  const { stackFile, wanted } = facts;
  // Stopping things is no occasion to take over a new configuration or another retention.
  const keeps = desired === 'down' && stackFile !== null && facts.adopt === null;
  const config = keeps ? stackFile.config : wanted.config;
  const retention = keeps ? stackFile.retention : wanted.retention;
  const isSame =
    stackFile !== null &&
    stackFile.desired === desired &&
    JSON.stringify(stackFile.config) === JSON.stringify(config) &&
    JSON.stringify(stackFile.retention) === JSON.stringify(retention);
  if (isSame) return [];
  const title =
    stackFile === null ? `write stack.json for stack ${facts.stack}` : `write stack.json (wanted: ${desired})`;
  return [
    {
      kind: 'write-stack-file',
      phase: 'create',
      class: 'safe',
      title,
      stackId: wanted.stackId,
      createdAtMs: stackFile?.createdAtMs ?? facts.observedAtMs,
      config,
      retention,
      desired,
    },
  ];
}

function planSecrets(facts: StandaloneFacts): readonly CreateSecretsStep[] {
  if (facts.hasSecrets) return [];
  return [{ kind: 'create-secrets', phase: 'create', class: 'safe', title: 'make user and password' }];
}

function planVolumes(facts: StandaloneFacts): readonly CreateVolumeStep[] {
  const listed = new Set(facts.volumes.map((volume) => volume.listed.component));
  return volumeComponents
    .filter((component) => !listed.has(component))
    .map((component) => ({
      kind: 'create-volume',
      phase: 'create',
      class: 'safe',
      title: `make volume ${component}`,
      component,
      volumeId: facts.newVolumeIds[component] ?? '',
    }));
}

/** Nothing where it runs. */
export function planDaemon(facts: StandaloneFacts): readonly StartDaemonStep[] {
  if (facts.daemon !== null) return [];
  return [{ kind: 'start-daemon', phase: 'create', class: 'safe', title: 'start the daemon' }];
}

/** The components that this platform starts, in an order in which a starting one finds what it needs. */
export const startOrder: readonly ProcessComponent[] = [
  'prometheus',
  'alertmanager',
  'pushgateway',
  'node-exporter',
  'grafana',
].filter((name): name is ProcessComponent => (processComponents as readonly string[]).includes(name));

/** Prometheus first, since what it scrapes must outlive it; then who only reads; then who writes at SIGTERM. */
export const stopOrder: readonly ProcessComponent[] = [
  'prometheus',
  'grafana',
  'node-exporter',
  'alertmanager',
  'pushgateway',
];
