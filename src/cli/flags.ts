import { parseBytes } from '../model/bytes.ts';
import { parseDurationMs } from '../model/duration.ts';

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
  readonly retention?: number;
  readonly user?: boolean;
  readonly system?: boolean;
  readonly maxRate?: number;
  readonly keptIn?: readonly string[];
  readonly into?: string;
  readonly wins?: string;
  readonly hardLinks?: boolean;
  readonly jobs?: boolean;
  readonly unsafeLetRetentionDelete?: boolean;
  readonly unsafeAcceptLoss?: boolean;
  readonly unsafeSkipOpening?: boolean;
  readonly unsafeBreakLock?: boolean;
}

export interface FlagSpec {
  /** As commander writes it: `-n, --lines <COUNT>`. */
  readonly flags: string;
  readonly help: string;
  readonly group?: string;
  readonly choices?: readonly string[];
  /** True where the verb cannot do without it. */
  readonly mandatory?: boolean;
  /** Text to value; throws an Error that says what is expected. */
  readonly parse?: (text: string, before: unknown) => unknown;
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

export const retentionFlag: FlagSpec = {
  flags: '--retention <DURATION>',
  help: 'the retention that was in force for A, as 15d: only what it had condemned has expired',
  parse: parseRetention,
};

export const intoFlag: FlagSpec = {
  flags: '--into <DIR>',
  help: 'the data directory that is made: not there yet, or empty',
  mandatory: true,
  parse: parseDirectory,
};

export const winsFlag: FlagSpec = {
  flags: '--wins <DIR>',
  help: 'the source whose values count where another one has different ones at the same time',
  parse: parseDirectory,
};

export const resultRetentionFlag: FlagSpec = {
  flags: '--retention <DURATION>',
  help: 'the retention that Prometheus will be started with on the result, as 90d: refused where it would delete some of it',
  parse: parseRetention,
};

export const hardLinksFlag: FlagSpec = {
  flags: '--hard-links',
  help: "give blocks a second name in the place of copying them: only where nothing will change owner or mode of the result, as csi-driver-nfs with fsGroup does, since the sources' files would change with it",
};

export const userFlag: FlagSpec = { flags: '--user', help: 'for this user, with linger (the default unless root)' };
export const systemFlag: FlagSpec = { flags: '--system', help: 'for the whole system (the default for root)' };

export const maxRateFlag: FlagSpec = {
  flags: '--max-rate <RATE>',
  help: 'read no more than this in a second, as 50MB; at least 64KB',
  parse: parseRate,
};

export const jobsFlag: FlagSpec = {
  flags: '--jobs',
  help: 'a row for each job, also where there is more than one volume',
};

export const keptInFlag: FlagSpec = {
  flags: '--kept-in <DIR>',
  help: 'a directory that holds its samples; several together may, each with its own --kept-in',
  parse: (text, before) => [...(Array.isArray(before) ? (before as readonly string[]) : []), parseDirectory(text)],
};

export const letRetentionDeleteFlag: FlagSpec = {
  flags: '--unsafe-let-retention-delete',
  help: 'start Prometheus although it will delete blocks that the retention in force keeps',
  group: unsafeGroup,
};

export const skipOpeningFlag: FlagSpec = {
  flags: '--unsafe-skip-opening',
  help: 'go on without a real Prometheus that opens the result before it gets its place',
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

/** What is read at once is up to 1 MiB: slower than this, a check would look as if it had stopped. */
const slowestRate = 64 * 1024;

function parseRate(text: string): number {
  const bytes = parseBytes(text.replace(/\/s$/, ''));
  if (bytes === undefined) throw new Error('It must be an amount of bytes in a second, as 50MB.');
  if (bytes >= slowestRate) return bytes;
  throw new Error('It must be 64KB or more in a second: a check of 1 GB takes four hours at that.');
}

/** As a variable of a script that is not set: it would be taken for the working directory. */
function parseDirectory(text: string): string {
  if (text !== '') return text;
  throw new Error('It must name a directory.');
}

/** Prometheus takes 0 for no word about it, and then keeps 15 days: whoever means "for ever" must say how long. */
function parseRetention(text: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs === 0) throw new Error('Prometheus takes 0 for 15d. It must be how long samples are kept, as 100y.');
  if (durationMs !== undefined) return durationMs;
  throw new Error('It must be a duration as Prometheus writes it, as 15d or 12h.');
}

function parseCount(text: string): number {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new Error('It must be a whole number of lines, 0 to 9999999.');
}
