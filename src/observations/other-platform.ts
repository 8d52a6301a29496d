import { access, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findStackFile } from '../data-root/stack-file.ts';

export interface OtherPlatformPlaces {
  /** `/proc`. */
  readonly procRoot: string;
  /** Where kubeconfigs are looked for: KUBECONFIG, ~/.kube/config. */
  readonly kubeconfigs: readonly string[];
  /** The data root that is used where nobody names one, if it is not the one meant now. */
  readonly defaultDataRoot: string | undefined;
}

export interface OtherPlatform {
  /** A sentence without its full stop, as `K3s runs on this host (pid 812)`; undefined for nothing. */
  readonly found: string | undefined;
  /** A kubeconfig: somebody here works with a cluster, which may be anywhere. */
  readonly kubeconfig: string | undefined;
}

/** Looks for another stack or platform that could be meant by an `up` that names none. */
export async function observeOtherPlatform(places: OtherPlatformPlaces): Promise<OtherPlatform> {
  const found = (await findK3s(places.procRoot)) ?? (await findOtherStack(places.defaultDataRoot));
  return { found, kubeconfig: await findReadable(places.kubeconfigs) };
}

/** K3s names its process after its role; the kernel keeps the first 15 characters of it (proc(5), comm). */
const k3sCommands: readonly string[] = ['k3s', 'k3s-server', 'k3s-agent'];

async function findK3s(procRoot: string): Promise<string | undefined> {
  const names = await readdir(procRoot).catch(() => []);
  for (const pid of names.filter((name) => /^\d+$/.test(name))) {
    // A process may end between the listing and the look.
    const command = await readFile(join(procRoot, pid, 'comm'), 'utf8').catch(() => '');
    if (k3sCommands.includes(command.trim())) return `K3s runs on this host (pid ${pid})`;
  }
  return undefined;
}

async function findOtherStack(dataRoot: string | undefined): Promise<string | undefined> {
  if (dataRoot === undefined) return undefined;
  const stack = await findStackFile(dataRoot).catch(() => undefined);
  return stack === undefined ? undefined : `Another stack, "${stack.name}", is recorded in ${dataRoot}`;
}

async function findReadable(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
