import type { HoldfastError } from '../../errors/holdfast-error.ts';
import type { BlockOnDisk, TsdbListing } from '../../model/block.ts';
import type { StackConfig } from '../../model/config.ts';
import type { ProcessIdentity } from '../../model/process-identity.ts';
import type { InstalledProgram, ProgramName, ProgramPin } from '../../model/program.ts';
import type { Retention } from '../../model/retention.ts';
import type { StackFile } from '../../model/stack-file.ts';
import type { ListedVolume, VolumeCondition } from '../../model/volume.ts';
import type { ComponentState, ProcessComponent } from '../../model/component.ts';
import type { CommonFacts } from '../platform.ts';

/** What the user's words skip or add, each for one check. */
export interface StandaloneOptions {
  readonly letRetentionDelete: boolean;
  readonly acceptLoss: boolean;
  readonly purgePrograms: boolean;
  readonly upgrade: boolean;
  readonly breakLock: boolean;
}

export interface InstanceFact {
  readonly component: ProcessComponent;
  readonly identity: ProcessIdentity;
  /** The run that started it, or null where the daemon did by itself. */
  readonly run: string | null;
  readonly launchDigest: string;
  readonly startedAtMs: number;
  readonly state: ComponentState;
}

export interface ProgramFact {
  readonly name: ProgramName;
  readonly pin: ProgramPin | null;
  /** Whole on this machine, or null. */
  readonly installed: InstalledProgram | null;
  readonly configured: string | null;
}

export interface PortFact {
  readonly component: ProcessComponent;
  readonly port: number;
  /** Who listens there now, in words, or null for nobody or ourselves. */
  readonly takenBy: string | null;
}

export interface AdoptFact {
  readonly from: string;
  readonly component: 'prometheus' | 'alertmanager' | 'pushgateway' | 'grafana';
  readonly dataDirectory: string;
  /** Pushgateway: the name of its file there; else null. */
  readonly dataFile: string | null;
  readonly sizeBytes: number;
  readonly listing: TsdbListing | null;
  readonly retention: Retention | null;
}

export interface WalFact {
  /** Absolute. */
  readonly path: string;
  readonly offset: number;
  /** What is wrong there, and what lies behind it: each part of a sentence. */
  readonly what: string;
  readonly behind: string;
}

/** Everything that the standalone planners judge by; made by one look, read by pure functions. */
export interface StandaloneFacts extends CommonFacts {
  readonly dataRoot: string;
  readonly options: StandaloneOptions;
  /** What stack.json says, or null where there is none yet. */
  readonly stackFile: StackFile | null;
  /** What it shall say. */
  readonly wanted: { readonly stackId: string; readonly config: StackConfig; readonly retention: Retention };
  readonly hasSecrets: boolean;
  readonly volumes: readonly { readonly listed: ListedVolume; readonly condition: VolumeCondition }[];
  /** Fresh ids for volumes that are still to be made. */
  readonly newVolumeIds: Readonly<Record<string, string>>;
  readonly programs: readonly ProgramFact[];
  readonly daemon: ProcessIdentity | null;
  readonly daemonVersionDiffers: boolean;
  /** True where the daemon says that all is as it should be. */
  readonly isSettled: boolean;
  readonly instances: readonly InstanceFact[];
  /** What a daemon that runs does not keep running, since nobody has told it to. */
  readonly idle: readonly ProcessComponent[];
  /** What each component would be launched with now; null where its program is not here yet. */
  readonly launchDigests: Readonly<Partial<Record<ProcessComponent, string | null>>>;
  /** What the components' own checkers say of configurations that something would be started with. */
  readonly badConfigurations: readonly HoldfastError[];
  readonly ports: readonly PortFact[];
  readonly tsdb: TsdbListing | null;
  /** In the WAL of a Prometheus that runs and that this verb would start again, so that it would delete what lies behind. */
  readonly walDamage: WalFact | null;
  /** Symbolic links in the data directory of Prometheus, relative to it, where directories belong. */
  readonly links: readonly string[];
  readonly newestMs: number | null;
  /** Blocks that the next start would delete although the retention in force had not condemned them. */
  readonly condemned: readonly BlockOnDisk[];
  readonly futureBlocks: readonly BlockOnDisk[];
  readonly runtimeExists: boolean;
  /** Lock files of another host, relative to the data root. */
  readonly foreignLocks: readonly string[];
  readonly adopt: AdoptFact | null;
  /** Refusals that the look itself found: a copy that runs elsewhere, a lock of another host. */
  readonly refusals: readonly HoldfastError[];
}
