import type { ProcessIdentity } from '../../model/process-identity.ts';

export interface ListeningProcess {
  /** Null where the process belongs to another user and cannot be named. */
  readonly pid: number | null;
  readonly command: string | null;
}

export interface FoundWriter {
  readonly pid: number;
  readonly command: string;
}

/** How one of our own children ended: a code, or the signal that ended it. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Looks at processes and never signals one. */
export interface ProcessReader {
  self(): ProcessIdentity;
  /** Undefined where there is no such process, or it is a zombie. */
  identify(pid: number): Promise<ProcessIdentity | undefined>;
  /** False for a process of another boot, a zombie, or a pid that was reused. Throws for another host. */
  isAlive(identity: ProcessIdentity): Promise<boolean>;
  /** Processes of this user whose environment holds NAME=VALUE. */
  findByEnvironment(name: string, value: string): Promise<readonly ProcessIdentity[]>;
  /** Who listens on a TCP port of this host (any address), or undefined for nobody. */
  findListener(port: number): Promise<ListeningProcess | undefined>;
  /** A process that has one of the files below a directory open for writing, as far as this user may see; undefined for none. */
  findWriterBelow(directory: string): Promise<FoundWriter | undefined>;
  /** True where that process, or one in its session, listens on the port. */
  isListening(identity: ProcessIdentity, port: number): Promise<boolean>;
}

export interface SpawnOptions {
  readonly path: string;
  readonly arguments: readonly string[];
  /** The whole environment of the child. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** Opened O_APPEND | O_CREAT 0600 for stdout and stderr. */
  readonly logFile: string;
}

export interface StopOptions {
  readonly graceMs: number;
  readonly signal?: AbortSignal;
}

export interface Processes extends ProcessReader {
  /** Starts a process in a session of its own, so that it outlives us. Throws `io` where it cannot be executed. */
  spawn(options: SpawnOptions): Promise<ProcessIdentity>;
  /** SIGTERM, grace, SIGKILL; returns once the very same process is gone. */
  stop(identity: ProcessIdentity, options: StopOptions): Promise<'terminated' | 'killed' | 'gone'>;
  /** SIGKILL at once, for a process that must not write while it ends; returns once it is gone. */
  kill(identity: ProcessIdentity): Promise<void>;
  /** Resolves once the process is gone; rejects with the signal's reason. At once for our own children, else by looking. */
  waitForEnd(identity: ProcessIdentity, signal: AbortSignal): Promise<void>;
  /** How our own child ended; undefined for one that lives, or that an earlier process of ours had started. */
  findExit(identity: ProcessIdentity): ProcessExit | undefined;
}
