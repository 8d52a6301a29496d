import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../../files/atomic-file.ts';
import { canConnect } from './can-connect.ts';
import { findExecutables } from './find-executables.ts';
import { lastComplaint, runTool, type ToolResult } from './run-tool.ts';
import { SourceFailure } from './source-failure.ts';
import type { StoreContext } from './store-context.ts';

export const debianSource = 'Debian packages';

/** apt as an ordinary user uses it: with lists and caches of its own, touching nothing of the system. */
export interface Apt {
  readonly dpkg: string;
  run(tool: 'get' | 'cache' | 'config', words: readonly string[], workingDirectory?: string): Promise<ToolResult>;
}

/** Throws SourceFailure where this machine has no apt-get or dpkg. */
export async function openApt(context: StoreContext, signal: AbortSignal): Promise<Apt> {
  const names = ['apt-get', 'apt-cache', 'apt-config', 'dpkg'];
  const [get, cache, config, dpkg] = await Promise.all(names.map((name) => findTool(context, name)));
  if (get === undefined || cache === undefined || config === undefined || dpkg === undefined) {
    throw new SourceFailure(debianSource, 'this machine has no apt-get and dpkg');
  }
  const tools = { get, cache, config };
  const directory = join(context.cacheRoot, 'apt');
  const options = await prepare(directory);
  return {
    dpkg,
    run: (tool, words, workingDirectory = directory) =>
      runTool(tools[tool], [...options, ...words], {
        source: debianSource,
        workingDirectory,
        environment: context.proxies ?? {},
        timeoutMs: 600_000,
        signal,
      }),
  };
}

/**
 * Fetches the signed lists, once for a store. Returns apt's complaint where a source of the system's failed: another one
 * may still have the package. Throws SourceFailure where none of their servers answers.
 */
export async function updateLists(context: StoreContext, apt: Apt, signal: AbortSignal): Promise<string | undefined> {
  context.memory.aptLists ??= fetchLists(context, apt, signal);
  try {
    return await context.memory.aptLists;
  } catch (error) {
    // A cancelled fetch says nothing about the next one.
    if (!(error instanceof SourceFailure)) context.memory.aptLists = undefined;
    throw error;
  }
}

async function fetchLists(context: StoreContext, apt: Apt, signal: AbortSignal): Promise<string | undefined> {
  await refuseUnreachable(context, apt, signal);
  const result = await apt.run('get', ['update']);
  return result.exitCode === 0 ? undefined : lastComplaint(result);
}

/** apt has one deadline for connecting and for silence, so who answers at all is asked before. A proxy is apt's matter. */
async function refuseUnreachable(context: StoreContext, apt: Apt, signal: AbortSignal): Promise<void> {
  if (await usesProxy(context, apt)) return;
  const { stdout } = await apt.run('get', ['update', '--print-uris']);
  const urls = [...stdout.matchAll(/^'(https?:\/\/[^']+)'/gm)].flatMap(([, text]) =>
    text !== undefined && URL.canParse(text) ? [new URL(text)] : [],
  );
  const hosts = new Map(urls.map((url) => [url.host, url]));
  // Other kinds of source (a mirror on disk, a CD) need no connection.
  if (hosts.size === 0) return;
  const { connectMs } = context.limits;
  const answers = await Promise.all([...hosts.values()].map((url) => canConnect(url, connectMs, signal)));
  if (answers.includes(true)) return;
  throw new SourceFailure(
    debianSource,
    `no connection to ${[...hosts.keys()].join(', ')} within ${connectMs / 1000} s`,
  );
}

async function usesProxy({ proxies = {} }: StoreContext, apt: Apt): Promise<boolean> {
  if (Object.entries(proxies).some(([name, value]) => value !== '' && /^https?_proxy$/i.test(name))) return true;
  const { stdout } = await apt.run('config', ['dump']);
  return /^Acquire::https?::(?:[^ ]*::)?Proxy(?:-Auto-Detect|AutoDetect)? "[^"]+";$/im.test(stdout);
}

async function findTool(context: StoreContext, name: string): Promise<string | undefined> {
  const [path] = await findExecutables([name], context.environmentPath);
  return path;
}

/** The directories and options that keep apt inside `directory`. */
async function prepare(directory: string): Promise<readonly string[]> {
  for (const part of ['lists/partial', 'cache/archives/partial']) {
    await mkdir(join(directory, part), { recursive: true, mode: 0o700 });
  }
  const config = join(directory, 'apt.conf');
  await writeFileAtomically(config, configText, { mode: 0o600 });
  const settings = {
    'Dir::State::Lists': join(directory, 'lists'),
    'Dir::Cache': join(directory, 'cache'),
    'Dir::Cache::Archives': join(directory, 'cache/archives'),
    // Container images switch these off, and every call would read all lists again.
    'Dir::Cache::pkgcache': 'pkgcache.bin',
    'Dir::Cache::srcpkgcache': 'srcpkgcache.bin',
    // root's apt would hand downloads to the user _apt, who cannot look into a private cache.
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
    'Acquire::http::Timeout': '20',
    'Acquire::https::Timeout': '20',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
    'Acquire::IndexTargets::deb::DEP-11-icons::DefaultEnabled': 'false',
    'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled': 'false',
    'Acquire::IndexTargets::deb-src::Sources::DefaultEnabled': 'false',
  };
  return ['-c', config, ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
}

/** The system's hooks (PackageKit, cleaning of /var/cache/apt) are for the system's own update. */
const configText = `#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
`;
