import type { RunCommand } from './command.ts';
import {
  acceptLossFlag,
  asFlag,
  breakLockFlag,
  confirmFlag,
  followFlag,
  letRetentionDeleteFlag,
  linesFlag,
  planFlag,
  platformFlag,
  purgeFlag,
  systemFlag,
  upgradeFlag,
  userFlag,
  type FlagSpec,
} from './flags.ts';

export interface ArgumentSpec {
  /** As commander writes it: `<NAME>` is needed, `[RUN]` may be left out. */
  readonly name: string;
  readonly help: string;
  readonly choices?: readonly string[];
}

export interface VerbSpec {
  readonly name: string;
  readonly group: string;
  /** One line in the list of verbs. */
  readonly summary: string;
  /** What `holdfast VERB --help` adds. */
  readonly details?: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly flags: readonly FlagSpec[];
  readonly load: () => Promise<RunCommand>;
}

const run = 'Run the stack:';
const carry = 'Carry its data:';
const look = 'Look:';
const service = 'Keep it running:';

/** The one table of verbs; the program, its help and docs/reference/commands.md are made from it. */
export const verbs: readonly VerbSpec[] = [
  {
    name: 'up',
    group: run,
    summary: 'start the stack, making what is missing; changes nothing that is as it should be',
    flags: [planFlag, upgradeFlag, platformFlag, letRetentionDeleteFlag, breakLockFlag],
    load: async () => (await import('./commands/up.ts')).runUp,
  },
  {
    name: 'down',
    group: run,
    summary: 'stop the stack and keep everything',
    flags: [planFlag, breakLockFlag],
    load: async () => (await import('./commands/down.ts')).runDown,
  },
  {
    name: 'teardown',
    group: carry,
    summary: 'take the stack apart down to its data root, which is all that a rebuild needs',
    details: 'Asks for the name of the stack. Removes no volume, log, journal or proof.',
    flags: [planFlag, confirmFlag, purgeFlag, breakLockFlag],
    load: async () => (await import('./commands/teardown.ts')).runTeardown,
  },
  {
    name: 'rebuild',
    group: carry,
    summary: 'take the stack apart, put it together again, and prove that nothing was lost',
    details: 'Asks for the name of the stack. Interrupted anywhere, the same command finishes it.',
    flags: [planFlag, confirmFlag, letRetentionDeleteFlag, acceptLossFlag, breakLockFlag],
    load: async () => (await import('./commands/rebuild.ts')).runRebuild,
  },
  {
    name: 'adopt',
    group: carry,
    summary: 'take in a copy of a directory with data; the directory stays as it is',
    arguments: [
      { name: '<DIR>', help: 'the data directory of a stopped Prometheus, Alertmanager, Pushgateway or Grafana' },
    ],
    flags: [asFlag, planFlag, breakLockFlag],
    load: async () => (await import('./commands/adopt.ts')).runAdopt,
  },
  {
    name: 'status',
    group: look,
    summary: 'say how the stack is; exit status 0 only where it is as it should be',
    flags: [],
    load: async () => (await import('./commands/status.ts')).runStatus,
  },
  {
    name: 'runs',
    group: look,
    summary: 'list the runs in the journal, or the steps of one',
    arguments: [{ name: '[RUN]', help: 'the id of a run, or the beginning or end of it' }],
    flags: [],
    load: async () => (await import('./commands/runs.ts')).runRuns,
  },
  {
    name: 'logs',
    group: look,
    summary: 'print the log of a component, or of the daemon',
    arguments: [{ name: '<NAME>', help: 'prometheus, alertmanager, pushgateway, node-exporter, grafana or daemon' }],
    flags: [followFlag, linesFlag],
    load: async () => (await import('./commands/logs.ts')).runLogs,
  },
  {
    name: 'credentials',
    group: look,
    summary: 'print the user and the password of every component',
    flags: [],
    load: async () => (await import('./commands/credentials.ts')).runCredentials,
  },
  {
    name: 'daemon',
    group: service,
    summary: 'look after the stack in the foreground; `up` starts this by itself',
    flags: [],
    load: async () => (await import('./commands/daemon.ts')).runDaemonCommand,
  },
  {
    name: 'service',
    group: service,
    summary: 'have systemd start the daemon at boot',
    arguments: [{ name: '<ACTION>', help: 'what to do', choices: ['install', 'uninstall', 'status'] }],
    flags: [userFlag, systemFlag],
    load: async () => (await import('./commands/service.ts')).runService,
  },
];
