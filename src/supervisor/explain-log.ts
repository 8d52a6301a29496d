import type { ErrorCode } from '../errors/codes.ts';
import type { ProcessComponent } from '../model/component.ts';

/** What a component's own log lines mean, in plain words. */
export interface Explanation {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
  /** True where the same start will end in the same way. */
  readonly hopeless: boolean;
}

export interface LogContext {
  readonly component: ProcessComponent;
  /** Absolute path of the component's volume, or of the data root where it has none. */
  readonly volume: string;
  readonly port: number;
  /** Who listens on the port, in words, or null. */
  readonly listener: string | null;
}

interface Pattern {
  readonly only?: ProcessComponent;
  readonly pattern: RegExp;
  readonly explain: (match: RegExpExecArray, context: LogContext) => Explanation;
}

/** The first row that fits the newest line wins; undefined where no row fits any. */
export function explainLog(lines: readonly string[], context: LogContext): Explanation | undefined {
  const rows = patterns.filter(({ only }) => only === undefined || only === context.component);
  for (const line of [...lines].reverse()) {
    for (const { pattern, explain } of rows) {
      const match = pattern.exec(line);
      if (match !== null) return explain(match, context);
    }
  }
  return undefined;
}

/** Pushgateway has begun with nothing, since it could not read its file (storage/diskmetricstore.go). */
export const emptyStartPattern = /could not load persisted metrics"?(?:.*\berr=("[^"]*"|\S+))?/i;

const patterns: readonly Pattern[] = [
  {
    only: 'prometheus',
    // tsdb/db.go reloadBlocks; 3.x quotes the inner error with backslashes.
    pattern: /corrupted block[\s\\":]+([0-9A-HJKMNP-TV-Z]{26})/,
    explain: ([, ulid = '']) => ({
      code: 'corrupt-file',
      message: `Block ${ulid} is broken, and Prometheus does not start beside it. All other blocks and the WAL are untouched.`,
      remedy: repairRemedy,
      hopeless: true,
    }),
  },
  {
    pattern: /no space left on device|ENOSPC/i,
    explain: (_match, { component, volume }) => ({
      code: 'disk-full',
      message: `There is no space left on the file system of ${volume}: ${component} cannot write. What is stored is safe.`,
      remedy: `Free space on that file system (df -h '${volume}'), then run \`holdfast up\`.`,
      hopeless: false,
    }),
  },
  {
    pattern: /disk quota exceeded/i,
    explain: (_match, { component, volume }) => ({
      code: 'disk-full',
      message: `The disk quota of this user is used up: ${component} cannot write to ${volume}. What is stored is safe.`,
      remedy: 'Raise the quota or free space, then run `holdfast up`.',
      hopeless: false,
    }),
  },
  {
    pattern: /read-only file system/i,
    explain: (_match, { component, volume }) => ({
      code: 'io',
      message: `The file system of ${volume} is mounted read-only: ${component} cannot write. What is stored is safe.`,
      remedy: 'Look at `dmesg` for why, mount it writable again, then run `holdfast up`.',
      hopeless: true,
    }),
  },
  {
    only: 'prometheus',
    pattern: /lock DB directory: resource temporarily unavailable/,
    explain: (_match, { volume }) => ({
      code: 'volume-locked',
      message: `Another Prometheus holds the lock of ${volume}/prometheus-db: two writers would destroy it.`,
      remedy: `Find it with: fuser -v '${volume}/prometheus-db/lock'; stop it, then run \`holdfast up\`.`,
      hopeless: false,
    }),
  },
  {
    pattern: /(?:open|mkdir|create|rename|unlink)\w*(?: directory)? "?([^\s":]+)"?: permission denied/i,
    explain: ([, path = ''], context) => permissionDenied(path, context),
  },
  {
    only: 'prometheus',
    // A panic without a path of its own: the file could not be made or opened (promql/query_logger.go).
    pattern: /unable to create mmap-ed active query log/i,
    explain: (_match, context) => permissionDenied(`${context.volume}/prometheus-db/queries.active`, context),
  },
  {
    pattern: /permission denied/i,
    explain: (_match, context) => permissionDenied(context.volume, context),
  },
  {
    pattern: /bind: address already in use/,
    explain: (_match, { component, port, listener }) => ({
      code: 'port-taken',
      message: `Port ${port}, which ${component} needs, is taken${listener === null ? '' : ` by ${listener}`}.`,
      remedy: `Stop that process, or give ${component} another port in the config file and run \`holdfast up\`.`,
      hopeless: false,
    }),
  },
  {
    pattern: /bind: cannot assign requested address/,
    explain: (_match, { component }) => ({
      code: 'bad-config',
      message: `This host has no such address as \`listen:\` names: ${component} cannot listen there.`,
      remedy: 'Put an address of this host (ip address) under `listen:` in the config file and run `holdfast up`.',
      hopeless: true,
    }),
  },
  {
    only: 'pushgateway',
    pattern: emptyStartPattern,
    explain: ([, why], { volume }) => unreadablePushgatewayFile(`${volume}/pushgateway.data`, why ?? 'no reason given'),
  },
  {
    only: 'alertmanager',
    pattern: /loading configuration file failed.*?err="((?:[^"\\]|\\.)*)"/i,
    explain: ([, why = '']) => badConfig('Alertmanager', unescape(why), 'alertmanager.config'),
  },
  {
    only: 'prometheus',
    pattern: /error loading config.*?err="((?:[^"\\]|\\.)*)"/i,
    explain: ([, why = '']) =>
      badConfig('Prometheus', unescape(why), 'prometheus.scrapeFiles and prometheus.ruleFiles'),
  },
  {
    pattern: /unknown (?:long |short )?flag '?(-{1,2}[\w.-]+)/,
    explain: ([, flag = ''], { component }) => ({
      code: 'program-changed',
      message: `The program of ${component} does not know the flag ${flag}: it is not the build that was looked at.`,
      remedy: 'Run `holdfast up`, which looks at the programs again.',
      hopeless: true,
    }),
  },
  {
    pattern: /too many open files/i,
    explain: (_match, { component }) => ({
      code: 'io',
      message: `${component} has reached its limit of open files.`,
      remedy: 'Raise it (ulimit -n 65536, or LimitNOFILE= in the service), then run `holdfast down` and `holdfast up`.',
      hopeless: false,
    }),
  },
  {
    pattern: /cannot allocate memory|out of memory/i,
    explain: (_match, { component }) => ({
      code: 'io',
      message: `${component} ran out of memory. What is stored is safe.`,
      remedy: 'Give the machine more memory, or scrape fewer series.',
      hopeless: false,
    }),
  },
  {
    only: 'prometheus',
    // As a missing segment of the WAL, or one that its own repair cannot mend; the line ends with the quote of err="...".
    pattern: /opening storage failed: ((?:[^"\\]|\\.)*)/i,
    explain: ([, why = ''], { volume }) => ({
      code: 'corrupt-file',
      message: `Prometheus cannot open ${volume}/prometheus-db: ${unescape(why).slice(0, 300)}. Holdfast has deleted nothing of it.`,
      remedy: repairRemedy,
      hopeless: true,
    }),
  },
];

/** Nothing is moved by hand: the quarantine keeps a manifest of where each thing was. */
const repairRemedy =
  'Run `holdfast repair --plan`, which says what is damaged and would be moved into a quarantine; `holdfast down`, `holdfast repair` and `holdfast up` do it and start the stack again.';

function permissionDenied(path: string, { component, volume }: LogContext): Explanation {
  return {
    code: 'io',
    message: `${component} may not write ${path}: it belongs to another user, or its mode forbids it. Nothing was lost.`,
    remedy: `Give it back with: chown -R "$(id -un)" '${volume}'; then run \`holdfast up\`.`,
    hopeless: true,
  };
}

/** Pushgateway starts empty on a file that it cannot read, and overwrites it a minute later. */
export function unreadablePushgatewayFile(path: string, why: string): Explanation {
  return {
    code: 'pushgateway-file-unreadable',
    message: `Pushgateway cannot read ${path} (${why.replaceAll('"', '')}). It would start empty and overwrite the file, so it was not left running; the file is as it was.`,
    remedy: `Put back a good copy, as the newest one below set-aside/pushgateway; or give the pushed metrics up with: mv '${path}' '${path}.unreadable'; then run \`holdfast up\`.`,
    hopeless: true,
  };
}

function badConfig(program: string, why: string, key: string): Explanation {
  return {
    code: 'bad-config',
    message: `${program} does not accept its configuration: ${why.slice(0, 500)}.`,
    remedy: `Correct the file under ${key} in the config file, then run \`holdfast up\`.`,
    hopeless: true,
  };
}

function unescape(text: string): string {
  return text.replaceAll('\\"', '"').replaceAll('\\n', ' ').replaceAll('\\\\', '\\');
}
