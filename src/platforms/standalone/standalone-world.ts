import type { ConfigChecker } from '../../adapters/checkers/config-checker.ts';
import type { ProgramStore } from '../../adapters/packages/program-store.ts';
import type { Processes } from '../../adapters/processes/processes.ts';
import type { VolumeComponent } from '../../model/component.ts';
import type { CountTsdb } from '../../steps/count-tsdb.ts';
import type { DaemonClient } from '../../contract/daemon-api.ts';

/** What the standalone platform's steps act on. */
export interface StandaloneWorld {
  /** Absolute, without a symlink in it. */
  readonly dataRoot: string;
  readonly processes: Processes;
  readonly programs: ProgramStore;
  readonly daemon: DaemonClient;
  /** Starts the daemon of this data root detached and returns once it answers. */
  startDaemon(signal: AbortSignal): Promise<void>;
  /** Removes what was set aside of a component up to a moment; called after a proof that covers it. */
  dropSetAside(component: VolumeComponent, beforeMs: number): Promise<void>;
  readonly countTsdb: CountTsdb;
  readonly checkConfig: ConfigChecker;
  /** For folders that are gone again when a look ends. */
  readonly temporaryDirectory: string;
  readonly holdfastVersion: string;
  now(): number;
  /** 32 characters from a cryptographic source. */
  randomText(): string;
  /** Waits; rejects as soon as the signal aborts. */
  wait(durationMs: number, signal: AbortSignal): Promise<void>;
}
