import { join } from 'node:path';
import type { ProgramReader } from '../../../adapters/packages/program-store.ts';
import type { ConfigChecker } from '../../../adapters/checkers/config-checker.ts';
import type { ProcessReader } from '../../../adapters/processes/processes.ts';
import type { DaemonReader, Observation } from '../../../contract/daemon-api.ts';
import { findSecrets } from '../../../data-root/secrets.ts';
import { findStackFile } from '../../../data-root/stack-file.ts';
import { readVolumeCondition } from '../../../data-root/volume-identity.ts';
import { processComponents, type ProcessComponent } from '../../../model/component.ts';
import type { StackConfig } from '../../../model/config.ts';
import { dataDirectoryInVolume } from '../../../model/paths.ts';
import type { Difference, StackVerb } from '../../../model/plan.ts';
import type { StackFile } from '../../../model/stack-file.ts';
import { listTsdb } from '../../../tsdb/list-blocks.ts';
import type { PlatformReader } from '../../platform.ts';
import { isSettled } from '../is-settled.ts';
import type { StandaloneFacts, StandaloneOptions } from '../standalone-facts.ts';
import { configWithAdoption, observeAdoption } from './observe-adoption.ts';
import { observeConfigurations } from './observe-configurations.ts';
import { observeDebt } from './observe-debt.ts';
import { observeForeignHolders } from './observe-foreign-holders.ts';
import { observeInstances } from './observe-instances.ts';
import { observeLaunchDigests } from './observe-launch-digests.ts';
import { observePorts } from './observe-ports.ts';
import { observePrograms } from './observe-programs.ts';
import { observeRetention } from './observe-retention.ts';
import { observeWal } from './observe-wal.ts';
import { findLinks } from '../../../tsdb/files/links.ts';
import { findingsOf } from './standalone-findings.ts';
import { refuseUnknownRoot } from './refuse-unknown-root.ts';

/** The look's dependencies: readers only, so that a look cannot change the world. */
export interface StandaloneReaders {
  readonly dataRoot: string;
  readonly processes: ProcessReader;
  readonly programs: ProgramReader;
  readonly daemon: DaemonReader;
  readonly holdfastVersion: string;
  /** Runs promtool and amtool on a rendering outside the data root. */
  readonly checkConfig: ConfigChecker;
  readonly temporaryDirectory: string;
  now(): number;
  newId(): string;
}

/** What the user asks for on top of what stack.json says. */
export interface StandaloneRequest {
  readonly verb: StackVerb;
  /** Laid over stack.json: flag, environment, config file, stack.json, default. */
  readonly config: StackConfig;
  readonly differences: readonly Difference[];
  readonly options: StandaloneOptions;
  readonly adopt: { readonly from: string; readonly as: string | null } | null;
}

export function standaloneReader(
  readers: StandaloneReaders,
  request: StandaloneRequest,
): PlatformReader<StandaloneFacts> {
  return { observe: (signal) => observeStandalone(readers, request, signal) };
}

async function observeStandalone(
  readers: StandaloneReaders,
  request: StandaloneRequest,
  signal: AbortSignal,
): Promise<StandaloneFacts> {
  const { dataRoot } = readers;
  const nowMs = readers.now();
  const stackFile = (await findStackFile(dataRoot)) ?? null;
  const unknownRoot = stackFile === null ? await refuseUnknownRoot(dataRoot) : undefined;
  const volumes = await observeVolumes(dataRoot, stackFile);
  const foreign = await observeForeignHolders(readers, volumes, request.options);
  const observation = await readers.daemon.observe({ fresh: true }, signal);
  const instances = await observeInstances(readers, observation);
  const dataDirectory = findDataDirectory(dataRoot, volumes);
  const tsdb = dataDirectory === null ? null : await listTsdb(dataDirectory);
  const adopt = await observeAdoption(request, readers.processes, nowMs);
  const retention = await observeRetention({ dataRoot, stackFile, request, tsdb, adopt, instances, nowMs });
  const programs = await observePrograms(readers.programs, stackFile, request);
  const wanted = {
    stackId: stackFile?.stackId ?? readers.newId(),
    config: configWithAdoption(request.config, adopt),
    retention: retention.wanted,
  };
  const ports = await observePorts(readers.processes, request.config, instances);
  const launchDigests = await observeLaunchDigests({ dataRoot, stackFile, wanted, programs });
  const badConfigurations = await observeConfigurations({
    ...{ dataRoot, stackFile, wanted, programs, instances, launchDigests, signal },
    check: readers.checkConfig,
    temporaryDirectory: readers.temporaryDirectory,
  });
  const facts = {
    observedAtMs: nowMs,
    stack: stackFile?.name ?? request.config.stack,
    place: dataRoot,
    exists: stackFile !== null,
    running: instances.length > 0,
    debt: await observeDebt(dataRoot, instances),
    differences: request.differences,
    dataRoot,
    options: request.options,
    stackFile,
    wanted,
    hasSecrets: (await findSecrets(dataRoot)) !== undefined,
    volumes,
    newVolumeIds: newVolumeIds(readers),
    programs,
    daemon: observation?.daemon?.identity ?? null,
    daemonVersionDiffers: observation !== undefined && observation.holdfastVersion !== readers.holdfastVersion,
    isSettled: isSettled(observation),
    instances,
    idle: processComponents.filter((component) => isIdle(observation, component)),
    launchDigests,
    badConfigurations,
    ports,
    tsdb,
    walDamage: await observeWal({ verb: request.verb, dataDirectory, instances, launchDigests }),
    links: dataDirectory === null ? [] : findLinks(dataDirectory),
    newestMs: retention.newestMs,
    condemned: retention.condemned,
    futureBlocks: retention.futureBlocks,
    runtimeExists: observation !== undefined || instances.length > 0 || foreign.hasRuntime,
    foreignLocks: foreign.locks,
    adopt,
    refusals: [...(unknownRoot ?? []), ...foreign.refusals],
  };
  const seen = observation?.findings.filter(({ rule }) => rule === 'wal-writes-failed') ?? [];
  return { ...facts, findings: [...findingsOf(facts, retention.raisedByMs), ...seen] };
}

function isIdle(observation: Observation | undefined, component: ProcessComponent): boolean {
  return observation?.components.some(({ name, state }) => name === component && state === 'stopped') ?? false;
}

/** Null where there is none, and where the volume is refused anyhow. */
function findDataDirectory(dataRoot: string, volumes: StandaloneFacts['volumes']): string | null {
  const found = volumes.find(({ listed }) => listed.component === 'prometheus');
  if (found?.condition.state !== 'ok') return null;
  return join(dataRoot, found.listed.path, dataDirectoryInVolume['prometheus'] ?? '');
}

async function observeVolumes(dataRoot: string, stackFile: StackFile | null) {
  const listed = stackFile?.volumes ?? [];
  return Promise.all(
    listed.map(async (volume) => ({
      listed: volume,
      condition: await readVolumeCondition(dataRoot, volume, stackFile?.stackId ?? ''),
    })),
  );
}

function newVolumeIds(readers: StandaloneReaders): Readonly<Record<string, string>> {
  return {
    prometheus: readers.newId(),
    alertmanager: readers.newId(),
    pushgateway: readers.newId(),
    grafana: readers.newId(),
  };
}
