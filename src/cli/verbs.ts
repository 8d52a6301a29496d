import type { RunCommand } from './command.ts';
import {
  acceptLossFlag,
  asFlag,
  breakLockFlag,
  confirmFlag,
  followFlag,
  hardLinksFlag,
  intoFlag,
  jobsFlag,
  keptInFlag,
  letRetentionDeleteFlag,
  linesFlag,
  maxRateFlag,
  planFlag,
  platformFlag,
  purgeFlag,
  resultRetentionFlag,
  retentionFlag,
  skipOpeningFlag,
  systemFlag,
  upgradeFlag,
  userFlag,
  winsFlag,
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
  /** What stands behind it, as `rescue stitch`; each with its name alone. */
  readonly verbs?: readonly VerbSpec[];
  readonly load: () => Promise<RunCommand>;
}

const run = 'Run the stack:';
const carry = 'Carry its data:';
const look = 'Look:';
const service = 'Keep it running:';

function nameOfDirectory(which: string): string {
  return `the last part of the path of ${which}, in the place of typing it; needed where there is no terminal`;
}

const discardRow: VerbSpec = {
  name: 'discard',
  group: carry,
  summary:
    'set aside an orphan whose every sample is in another directory; removed for good after 14 days at the earliest',
  details:
    'Where no --kept-in is given, the directories beside it are searched for its blocks. Asks for the name of the directory, and renames it; given the new name 14 days later, proves it once more and deletes it. Interrupted anywhere, the same command finishes it.',
  arguments: [{ name: '<DIR>', help: 'a Prometheus volume that nobody uses, or one that was discarded' }],
  flags: [keptInFlag, planFlag, { ...confirmFlag, help: nameOfDirectory('DIR') }, breakLockFlag],
  load: async () => (await import('./commands/rescue-discard.ts')).runRescueDiscard,
};

const stitchRow: VerbSpec = {
  name: 'stitch',
  group: carry,
  summary: 'make one history out of several Prometheus volumes, and prove that it holds every sample of each',
  details:
    'Asks for the last part of DIR of --into. Never changes a source; interrupted anywhere, the same command finishes it.',
  arguments: [
    { name: '<SOURCE...>', help: 'data directories of stopped Prometheus, volumes, or directories above them' },
  ],
  flags: [
    intoFlag,
    winsFlag,
    resultRetentionFlag,
    hardLinksFlag,
    planFlag,
    { ...confirmFlag, help: nameOfDirectory('--into') },
    { ...letRetentionDeleteFlag, help: 'go on although the retention that is known would delete some of the result' },
    skipOpeningFlag,
    breakLockFlag,
  ],
  load: async () => (await import('./commands/rescue-stitch.ts')).runRescueStitch,
};

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
    name: 'repair',
    group: carry,
    summary: 'move what a Prometheus would refuse into a quarantine, and keep all of it that is whole',
    details:
      'Without DIR, the Prometheus volume of the stack. Asks for the name of the data directory, or without DIR of the stack. Deletes nothing; interrupted anywhere, the same command finishes it.',
    arguments: [{ name: '[DIR]', help: 'a data directory of a stopped Prometheus, or a volume; or prometheus' }],
    flags: [
      planFlag,
      {
        ...confirmFlag,
        help: "of DIR the last part of its data directory's path, else the stack's name, in the place of typing it; needed where there is no terminal",
      },
      breakLockFlag,
    ],
    load: async () => (await import('./commands/repair.ts')).runRepair,
  },
  {
    name: 'status',
    group: look,
    summary: 'say how the stack is; exit status 0 only where it is as it should be',
    flags: [],
    load: async () => (await import('./commands/status.ts')).runStatus,
  },
  {
    name: 'inventory',
    group: look,
    summary: 'count every sample in a Prometheus data directory, with a digest for each two hours',
    details: 'Reads the bytes, whether Prometheus runs on them or not, and writes nothing.',
    arguments: [{ name: '<DIR>', help: 'a data directory with blocks in it, a volume, or a directory above it' }],
    flags: [],
    load: async () => (await import('./commands/inventory.ts')).runInventory,
  },
  {
    name: 'check',
    group: look,
    summary: 'read every byte of what the components keep and say what is damaged; exit status 12 where something is',
    details:
      "Of Prometheus every checksum and the whole structure, of Alertmanager every message; Pushgateway's file and Grafana's database are given to a real Pushgateway and to SQLite as copies. Whether they run or not; writes nothing.",
    arguments: [
      {
        name: '[DIR]',
        help: 'a volume, a data directory, or prometheus, alertmanager, pushgateway or grafana; by default all volumes of the stack',
      },
    ],
    flags: [maxRateFlag],
    load: async () => (await import('./commands/check.ts')).runCheck,
  },
  {
    name: 'coverage',
    group: look,
    summary: 'draw when Prometheus holds samples, by job, and list the gaps with their likely reasons',
    details:
      'Without DIR, the Prometheus volume of the stack. Reads the bytes, whether Prometheus runs on them or not.',
    arguments: [{ name: '[DIR...]', help: 'data directories, volumes, or directories above them' }],
    flags: [jobsFlag],
    load: async () => (await import('./commands/coverage.ts')).runCoverage,
  },
  {
    name: 'rescue',
    group: look,
    summary:
      'say what each directory on a share is: whose volume, bound or orphan, since when, a copy of which; `rescue stitch` makes one of several, `rescue discard` sets one aside that nobody needs',
    details: 'Without `stitch` or `discard` it only looks. `adopt` takes in what it has found.',
    arguments: [{ name: '<ROOT>', help: 'the root of a share, or any directory with volumes below' }],
    flags: [],
    verbs: [stitchRow, discardRow],
    load: async () => (await import('./commands/rescue.ts')).runRescue,
  },
  {
    name: 'proof',
    group: look,
    summary: 'prove that every sample of one TSDB is in another one',
    details: 'Each is a data directory, a file that `inventory --json` printed, or a proof. Writes nothing.',
    arguments: [
      { name: '<A>', help: 'what there was' },
      { name: '<B>', help: 'what there is now, or what was made of it' },
    ],
    flags: [retentionFlag],
    load: async () => (await import('./commands/proof.ts')).runProof,
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
