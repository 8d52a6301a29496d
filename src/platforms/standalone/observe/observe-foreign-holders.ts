import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { ProcessReader } from '../../../adapters/processes/processes.ts';
import { daemonFileSchema, identitySchema } from '../../../contract/daemon-api.ts';
import { HoldfastError } from '../../../errors/holdfast-error.ts';
import { findJsonFile } from '../../../files/read-json-file.ts';
import { paths } from '../../../model/paths.ts';
import type { StackFile } from '../../../model/stack-file.ts';
import type { StandaloneOptions } from '../standalone-facts.ts';

export interface ForeignHolders {
  readonly hasRuntime: boolean;
  /** Lock files of another host, relative to the data root, that --unsafe-break-lock lets go. */
  readonly locks: readonly string[];
  readonly refusals: readonly HoldfastError[];
}

/** Who else may be at work on this data: the daemon of the root that this one was copied from, or another host. */
export async function observeForeignHolders(
  readers: { readonly dataRoot: string; readonly processes: ProcessReader },
  stackFile: StackFile | null,
  options: StandaloneOptions,
): Promise<ForeignHolders> {
  const { dataRoot, processes } = readers;
  const daemon = await findJsonFile(join(dataRoot, paths.daemon), daemonFileSchema);
  const host = processes.self().host;
  const refusals: HoldfastError[] = [];
  const locks: string[] = [];
  if (daemon !== undefined && daemon.identity.host !== host) locks.push(paths.daemon);
  else if (
    daemon !== undefined &&
    (await isCopyOf(dataRoot, daemon.dataRoot)) &&
    (await processes.isAlive(daemon.identity))
  ) {
    refusals.push(copied(dataRoot, daemon.dataRoot.path, daemon.identity.pid));
  }
  for (const volume of stackFile?.volumes ?? []) {
    const path = `${volume.path}/${paths.volumeLock}`;
    const lock = await findJsonFile(join(dataRoot, path), volumeLockSchema);
    if (lock !== undefined && lock.daemon.host !== host) locks.push(path);
  }
  if (locks.length > 0 && !options.breakLock) refusals.push(lockedElsewhere(dataRoot, locks));
  return { hasRuntime: await exists(join(dataRoot, paths.run)), locks, refusals };
}

/** Only what is needed here; the supervisor writes the whole of it. */
const volumeLockSchema = z.object({ daemon: identitySchema });

async function isCopyOf(
  dataRoot: string,
  original: { readonly device: number; readonly inode: number },
): Promise<boolean> {
  const info = await stat(dataRoot);
  return info.dev !== original.device || info.ino !== original.inode;
}

function copied(dataRoot: string, original: string, pid: number): HoldfastError {
  return new HoldfastError('copied-while-running', {
    message: `${dataRoot} is a copy of ${original}, whose daemon (pid ${pid}) still runs. Copied while it was being written to, it may lack samples. Both are as they were.`,
    remedy: `Stop the original with \`holdfast --data '${original}' teardown\`, then copy it again.`,
    details: { original, pid },
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
