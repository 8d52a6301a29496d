/** All flags of all verbs, as they come from the command line. */
export interface Flags {
  readonly config?: string;
  readonly data?: string;
  readonly json?: boolean;
  readonly plan?: boolean;
  readonly confirm?: string;
  readonly upgrade?: boolean;
  readonly platform?: 'standalone';
  readonly purgePrograms?: boolean;
  readonly as?: string;
  readonly follow?: boolean;
  readonly lines?: number;
  readonly user?: boolean;
  readonly system?: boolean;
  readonly unsafeLetRetentionDelete?: boolean;
  readonly unsafeAcceptLoss?: boolean;
  readonly unsafeBreakLock?: boolean;
}

export interface FlagSpec {
  /** As commander writes it: `-n, --lines <COUNT>`. */
  readonly flags: string;
  readonly help: string;
  readonly group?: string;
  readonly choices?: readonly string[];
  /** Text to value; throws an Error that says what is expected. */
  readonly parse?: (text: string) => unknown;
}

const unsafeGroup = 'Each skips one check, and says which:';

/** Flags that every verb takes, before it or after it. */
export const globalFlags: readonly FlagSpec[] = [
  { flags: '--config <FILE>', help: 'the config file; else HOLDFAST_CONFIG' },
  { flags: '--data <DIR>', help: 'the data root; else HOLDFAST_DATA, else holdfast in the XDG data home' },
  { flags: '--json', help: 'print one object as the last line, with progress as lines that have a type before it' },
];

export const planFlag: FlagSpec = { flags: '--plan', help: 'print what would be done, and stop' };

export const confirmFlag: FlagSpec = {
  flags: '--confirm <NAME>',
  help: "the stack's name, in the place of typing it; needed where there is no terminal",
};

export const upgradeFlag: FlagSpec = { flags: '--upgrade', help: 'look for newer versions of the programs' };

export const platformFlag: FlagSpec = {
  flags: '--platform <PLATFORM>',
  help: 'where a new stack is to run',
  choices: ['standalone'],
};

export const purgeFlag: FlagSpec = {
  flags: '--purge-programs',
  help: 'also remove the cache of fetched programs; stack.json still says which they were',
};

export const asFlag: FlagSpec = {
  flags: '--as <KIND>',
  help: 'what the directory holds, where it cannot be seen',
  choices: ['prometheus', 'alertmanager', 'pushgateway', 'grafana'],
};

export const followFlag: FlagSpec = { flags: '-f, --follow', help: 'go on with what is written later' };

export const linesFlag: FlagSpec = {
  flags: '-n, --lines <COUNT>',
  help: 'how many lines from the end (default 100)',
  parse: parseCount,
};

export const userFlag: FlagSpec = { flags: '--user', help: 'for this user, with linger (the default unless root)' };
export const systemFlag: FlagSpec = { flags: '--system', help: 'for the whole system (the default for root)' };

export const letRetentionDeleteFlag: FlagSpec = {
  flags: '--unsafe-let-retention-delete',
  help: 'start Prometheus although it will delete blocks that the retention in force keeps',
  group: unsafeGroup,
};

export const acceptLossFlag: FlagSpec = {
  flags: '--unsafe-accept-loss',
  help: 'take what the last proof found missing as lost for good, and go on',
  group: unsafeGroup,
};

export const breakLockFlag: FlagSpec = {
  flags: '--unsafe-break-lock',
  help: 'take over locks of another host, which you know to be gone',
  group: unsafeGroup,
};

function parseCount(text: string): number {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new Error('It must be a whole number of lines, 0 to 9999999.');
}
