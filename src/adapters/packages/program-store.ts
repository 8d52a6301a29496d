import type { InstalledProgram, ProgramName, ProgramPin } from '../../model/program.ts';

export interface DownloadProgress {
  readonly program: ProgramName;
  /** Host or package name, as `github.com` or `prometheus (Debian)`. */
  readonly from: string;
  readonly receivedBytes: number;
  /** 0 where it is unknown. */
  readonly totalBytes: number;
}

/** A source that was asked and passed over, said to the user. */
export interface PassedOver {
  readonly source: string;
  readonly reason: string;
}

export interface AcquireOptions {
  /** `programs:` of the config: nothing else is tried for this program then. */
  readonly configured: string | undefined;
  /** The pin in stack.json: only this version will do, whatever its source. */
  readonly pin: ProgramPin | undefined;
  /** Base URL in the place of the official release sites. */
  readonly programSource: string | null;
  /** Ask the sources for a newer version and leave the cache aside. */
  readonly upgrade: boolean;
  readonly onProgress: (progress: DownloadProgress) => void;
  readonly signal: AbortSignal;
}

export type Acquired =
  | { readonly program: InstalledProgram; readonly passedOver: readonly PassedOver[] }
  | { readonly program: undefined; readonly passedOver: readonly PassedOver[] };

/** Looks into the cache and at the file system; fetches nothing. */
export interface ProgramReader {
  /** A pinned program that is whole on this machine (same version and SHA-256), or undefined. */
  find(pin: ProgramPin, configured: string | undefined): Promise<InstalledProgram | undefined>;
}

/** A program of this machine, or why there is none. */
export type FoundProgram = { readonly program: InstalledProgram } | { readonly program: null; readonly reason: string };

export interface ProgramStore extends ProgramReader {
  /** The newest one of this machine, for a look that no version is pinned for. Fetches nothing. */
  findInstalled(name: ProgramName, configured: string | undefined): Promise<FoundProgram>;
  /**
   * Gets a program in the order of the ADR on programs. Throws `wrong-checksum`, `program-changed`, and `bad-config` for a
   * configured path that is no such program; a source that cannot be reached is passed over and named.
   */
  acquire(name: ProgramName, options: AcquireOptions): Promise<Acquired>;
  /** Removes the cache (teardown --purge-programs). */
  purge(): Promise<void>;
}
