import { createHash } from 'node:crypto';
import type { InstalledProgram, ProgramName, ProgramPin } from '../../model/program.ts';
import type { ProcessReader } from '../processes/processes.ts';
import { defaultDownloadLimits, type DownloadLimits } from './download-limits.ts';
import type { Architecture } from './package-table.ts';
import type { AcquireOptions } from './program-store.ts';

export interface ProgramStoreOptions {
  /** `$XDG_CACHE_HOME/holdfast/programs`. Made when it is needed. */
  readonly cacheRoot: string;
  /** PATH: where programs, and apt-get and dpkg, are looked for. */
  readonly environmentPath: string;
  /** As process.arch says it: `x64`, `arm64`. */
  readonly architecture: string;
  /** Whose cache it must be. */
  readonly userId: number;
  readonly now: () => number;
  /** Of letters and digits, never the same twice. */
  readonly randomId: () => string;
  readonly processes: Pick<ProcessReader, 'self' | 'isAlive'>;
  /** http_proxy, https_proxy and no_proxy of the environment, in either case: handed to apt. */
  readonly proxies?: Readonly<Record<string, string>>;
  /** PEM of a further certificate authority that release sites may be signed by. */
  readonly certificateAuthority?: string;
  readonly limits?: Partial<DownloadLimits>;
  /** In the place of `https://github.com` and `https://dl.grafana.com`. */
  readonly sites?: Partial<ReleaseSites>;
}

export interface ReleaseSites {
  readonly github: string;
  readonly grafana: string;
}

/** What the parts of one store share. */
export interface StoreContext extends Omit<ProgramStoreOptions, 'limits' | 'sites' | 'architecture'> {
  /** Undefined where nobody publishes archives for it. */
  readonly architecture: Architecture | undefined;
  readonly limits: DownloadLimits;
  readonly sites: ReleaseSites;
  /** Tells this host's half-made files from those of another one that shares the cache. */
  readonly hostTag: string;
  readonly memory: StoreMemory;
}

/** What one store has learned since it was made. */
export interface StoreMemory {
  /** Hosts that did not answer, with the reason, so that five packages do not wait for each of them again. */
  readonly unreachable: Map<string, string>;
  /** What was last handed out, so that promtool comes from where prometheus came from. */
  readonly chosen: Map<ProgramName, InstalledProgram>;
  /** apt's lists are fetched once; the value is what apt complained of. */
  aptLists: Promise<string | undefined> | undefined;
}

/** One question for a program, as it goes from source to source. */
export interface ProgramRequest extends Pick<AcquireOptions, 'programSource' | 'onProgress' | 'signal'> {
  readonly name: ProgramName;
  readonly pin: ProgramPin | undefined;
  /** Only this version will do; undefined for the best that a source has. */
  readonly version: string | undefined;
  /** Only a newer one will do, for an upgrade. */
  readonly newerThan?: string | undefined;
}

export function createStoreContext(options: ProgramStoreOptions): StoreContext {
  const { limits, sites, architecture, ...rest } = options;
  const architectures: Readonly<Record<string, Architecture>> = { x64: 'amd64', arm64: 'arm64' };
  return {
    ...rest,
    architecture: architectures[architecture],
    limits: { ...defaultDownloadLimits, ...limits },
    sites: { github: 'https://github.com', grafana: 'https://dl.grafana.com', ...sites },
    hostTag: createHash('sha256').update(options.processes.self().host).digest('hex').slice(0, 8),
    memory: { unreachable: new Map(), chosen: new Map(), aptLists: undefined },
  };
}
