import type { Readable, Writable } from 'node:stream';

/** What main.ts has read of the process it runs in. */
export interface HostProcess {
  readonly version: string;
  /** The file that node was started with. */
  readonly mainFile: URL;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly stdin: { readonly stream: Readable; readonly isTerminal: boolean };
  readonly stdout: HostOutput;
  readonly stderr: HostOutput;
}

export interface HostOutput {
  readonly stream: Writable;
  readonly isTerminal: boolean;
  readonly columns: number | undefined;
}
