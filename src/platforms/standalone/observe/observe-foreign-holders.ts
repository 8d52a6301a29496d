import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessReader } from '../../../adapters/processes/processes.ts';
import {
  daemonFileSchema,
  instanceFileSchema,
  type DaemonFile,
  type InstanceFile,
} from '../../../contract/daemon-api.ts';
import { findVolumeLock } from '../../../data-root/volume-lock-file.ts';
import { HoldfastError } from '../../../errors/holdfast-error.ts';
import { findJsonFile } from '../../../files/read-json-file.ts';
import { processComponents } from '../../../model/component.ts';
import { paths } from '../../../model/paths.ts';
import type { StandaloneFacts, StandaloneOptions } from '../standalone-facts.ts';

export interface ForeignHolders {
  readonly hasRuntime: boolean;
  /** Lock files of another host, relative to the data root, that --unsafe-break-lock lets go. */
  readonly locks: readonly string[];
  readonly refusals: readonly HoldfastError[];
}

/** Who else may be at work on this data: the daemon of the root that this one was copied from, or another host. */
export async function observeForeignHolders(
  readers: { readonly dataRoot: string; readonly processes: ProcessReader },
  volumes: StandaloneFacts['volumes'],
  options: StandaloneOptions,
): Promise<ForeignHolders> {
  const { dataRoot, processes } = readers;
  const daemon = await findJsonFile(join(dataRoot, paths.daemon), daemonFileSchema);
  const host = processes.self().host;
  const locks: string[] = [];
  if (daemon !== undefined && daemon.identity.host !== host) locks.push(paths.daemon);
  const refusals = await refuseCopy(readers, [daemon, ...(await listInstanceFiles(dataRoot))]);
  for (const { listed, condition } of volumes) {
    // What is not ours is refused for that, whoever holds it.
    if (condition.state !== 'ok') continue;
    const path = `${listed.path}/${paths.volumeLock}`;
    const lock = await findVolumeLock(join(dataRoot, listed.path));
    if (lock !== undefined && lock.daemon.host !== host) locks.push(path);
  }
  if (locks.length > 0 && !options.breakLock) refusals.push(lockedElsewhere(dataRoot, locks));
  return { hasRuntime: await exists(join(dataRoot, paths.run)), locks, refusals };
}

async function listInstanceFiles(dataRoot: string): Promise<readonly (InstanceFile | undefined)[]> {
  const files = processComponents.map((component) => join(dataRoot, paths.instance(component)));
  return Promise.all(files.map((file) => findJsonFile(file, instanceFileSchema)));
}

/** The daemon of the original, or a component that it left running when it was killed. */
async function refuseCopy(
  { dataRoot, processes }: { readonly dataRoot: string; readonly processes: ProcessReader },
  files: readonly (DaemonFile | InstanceFile | undefined)[],
): Promise<HoldfastError[]> {
  const host = processes.self().host;
  for (const file of files) {
    if (file === undefined || file.identity?.host !== host || !(await isCopyOf(dataRoot, file.dataRoot))) continue;
    const what = 'component' in file ? file.component : 'daemon';
    if (await processes.isAlive(file.identity)) return [copied(dataRoot, file, `${what} (pid ${file.identity.pid})`)];
  }
  return [];
}

async function isCopyOf(
  dataRoot: string,
  original: { readonly device: number; readonly inode: number },
): Promise<boolean> {
  const info = await stat(dataRoot);
  return info.dev !== original.device || info.ino !== original.inode;
}

function copied(dataRoot: string, file: DaemonFile | InstanceFile, who: string): HoldfastError {
  const original = file.dataRoot.path;
  return new HoldfastError('copied-while-running', {
    message: `${dataRoot} is a copy of ${original}, whose ${who} still runs. Copied while it was being written to, it may lack samples. Both are as they were.`,
    remedy: `Stop the original with \`holdfast --data '${original}' teardown\`, then copy it again.`,
    details: { original, pid: file.identity?.pid ?? null },
  });
}

function lockedElsewhere(dataRoot: string, locks: readonly string[]): HoldfastError {
  return new HoldfastError('volume-locked', {
    message: `${dataRoot} is in use by another host, as ${locks.join(', ')} says: two writers would destroy the data. Nothing was changed.`,
    remedy: 'Run `holdfast down` on that host; only if that host is gone for good, add --unsafe-break-lock here.',
    details: { locks },
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
