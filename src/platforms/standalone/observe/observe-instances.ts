import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessReader } from '../../../adapters/processes/processes.ts';
import { instanceFileSchema, type InstanceFile, type Observation } from '../../../contract/daemon-api.ts';
import { findJsonFile } from '../../../files/read-json-file.ts';
import { processComponents, type ProcessComponent } from '../../../model/component.ts';
import { paths } from '../../../model/paths.ts';
import type { ProcessIdentity } from '../../../model/process-identity.ts';
import type { InstanceFact } from '../standalone-facts.ts';

interface Readers {
  readonly dataRoot: string;
  readonly processes: ProcessReader;
}

/** The component processes of this data root that are alive, whether a daemon keeps them or not. */
export async function observeInstances(
  readers: Readers,
  observation: Observation | undefined,
): Promise<readonly InstanceFact[]> {
  const found = await Promise.all(processComponents.map((component) => findInstance(readers, component, observation)));
  return found.filter((instance) => instance !== undefined);
}

async function findInstance(
  readers: Readers,
  component: ProcessComponent,
  observation: Observation | undefined,
): Promise<InstanceFact | undefined> {
  const file = await findJsonFile(join(readers.dataRoot, paths.instance(component)), instanceFileSchema);
  if (file === undefined || !(await isOfThisRoot(readers.dataRoot, file))) return undefined;
  const identity = await findIdentity(readers.processes, file);
  if (identity === undefined || !(await isAliveHere(readers.processes, identity))) return undefined;
  const observed = observation?.components.find((candidate) => candidate.name === component);
  return {
    component,
    identity,
    run: file.run,
    launchDigest: file.launchDigest,
    startedAtMs: file.startedAtMs,
    state: observed?.state ?? 'unknown',
  };
}

/** A daemon that was killed between spawn and note leaves only the token, which the process carries with it. */
async function findIdentity(processes: ProcessReader, file: InstanceFile): Promise<ProcessIdentity | undefined> {
  if (file.identity !== null) return file.identity;
  return (await processes.findByEnvironment('HOLDFAST_INSTANCE', file.token))[0];
}

async function isOfThisRoot(dataRoot: string, file: InstanceFile): Promise<boolean> {
  const info = await stat(dataRoot);
  return info.dev === file.dataRoot.device && info.ino === file.dataRoot.inode;
}

async function isAliveHere(processes: ProcessReader, identity: ProcessIdentity): Promise<boolean> {
  return identity.host === processes.self().host && processes.isAlive(identity);
}
