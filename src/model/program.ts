/** Programs that the standalone stack runs or asks. */
export const programNames = [
  'prometheus',
  'promtool',
  'alertmanager',
  'amtool',
  'pushgateway',
  'node_exporter',
  'grafana',
] as const;
export type ProgramName = (typeof programNames)[number];

export type ProgramSource = 'config' | 'path' | 'release' | 'debian';

/** What stack.json pins of a program. A pinned one is used again, also on another machine. */
export interface ProgramPin {
  readonly name: ProgramName;
  /** As the program says it, without a leading v: `2.42.0`. */
  readonly version: string;
  readonly source: ProgramSource;
  /** Lower-case hex SHA-256 of the executable file; a different one for the same version and source is refused. */
  readonly sha256: string;
  /** The archive's file name or the Debian package with its version, for people and for fetching it again. */
  readonly origin: string;
  /** True for Debian's Alertmanager, whose template path was rewritten. */
  readonly modified: boolean;
}

/** A pinned program, found on this machine. */
export interface InstalledProgram extends ProgramPin {
  /** Absolute path of the executable. */
  readonly path: string;
  /** Working directory that it must be started in (Debian's Alertmanager, Grafana), or null. */
  readonly workingDirectory: string | null;
  /** Long flags that its `--help` names, without dashes: `storage.tsdb.use-lockfile`. */
  readonly flags: readonly string[];
}
