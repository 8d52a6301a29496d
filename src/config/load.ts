import { open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { LineCounter, parseDocument, type Document } from 'yaml';
import { HoldfastError } from '../errors/holdfast-error.ts';
import {
  badConfig,
  findPosition,
  listMistakes,
  showKey,
  sortMistakes,
  type KeyPath,
  type Mistake,
} from './mistakes.ts';
import { portKeys, type PortKey } from './ports.ts';
import { configFileSchema, type ConfigValues } from './schema.ts';

/** A config file is small; anything larger is another file that was named by mistake. */
const sizeLimitBytes = 256 * 1024;

export interface ConfigFile {
  /** As the user named it. */
  readonly path: string;
  /** With every path in it made absolute. */
  readonly values: ConfigValues;
  /** Where a key stands, for what is found wrong later. */
  readonly positionOf: (path: KeyPath) => { readonly line: number; readonly column: number };
}

export interface LoadOptions {
  readonly workingDirectory: string;
  /** For `~/` in front of a path, or undefined where it is not known. */
  readonly home: string | undefined;
  /** What named the file, as `--config` or `HOLDFAST_CONFIG`. */
  readonly namedBy: string;
}

/** Reads a config file. Throws `bad-config` with every mistake in it at once, one line each. */
export async function loadConfigFile(path: string, options: LoadOptions): Promise<ConfigFile> {
  const absolute = resolve(options.workingDirectory, path);
  return parseConfigFile(await readText(absolute, path, options), {
    path,
    directory: dirname(absolute),
    home: options.home,
  });
}

export interface ParseOptions {
  readonly path: string;
  /** Relative paths in the file are relative to it. */
  readonly directory: string;
  readonly home: string | undefined;
}

/** As loadConfigFile, of text that has been read already. */
export function parseConfigFile(text: string, options: ParseOptions): ConfigFile {
  const lines = new LineCounter();
  const { document, value } = parseYaml(text, lines, options.path);
  const parsed = configFileSchema.safeParse(value);
  if (!parsed.success) throw badConfig(options.path, listMistakes(parsed.error, document, lines));
  const positionOf = (path: KeyPath) => findPosition(document, lines, path);
  const clashes = listPortClashes(parsed.data, positionOf);
  if (clashes.length > 0) throw badConfig(options.path, clashes);
  return { path: options.path, values: makePathsAbsolute(parsed.data, options), positionOf };
}

function parseYaml(text: string, lines: LineCounter, path: string): { document: Document; value: unknown } {
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const wrong = [...document.errors, ...document.warnings];
    if (wrong.length > 0) throw badConfig(path, sortMistakes(wrong.map((error) => yamlMistake(error, lines))));
    return { document, value: dropEmptySections(document.toJS({ maxAliasCount: 100 })) };
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    // yaml throws for too many aliases, and runs out of stack where lists are nested thousands deep.
    const message = error instanceof RangeError ? 'nested too deeply' : messageOf(error);
    throw badConfig(path, [{ line: 1, column: 1, key: '', message }]);
  }
}

function yamlMistake(error: { readonly pos: readonly [number, number]; readonly message: string }, lines: LineCounter) {
  const { line, col } = lines.linePos(error.pos[0]);
  const [message = ''] = error.message.split('\n');
  return { line: Math.max(1, line), column: Math.max(1, col), key: '', message };
}

/** `prometheus:` with nothing below it, or an empty file, says nothing and is no mistake. */
function dropEmptySections(value: unknown): unknown {
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) return value;
  const sections = Object.entries(configFileSchema.shape).filter(([, schema]) => schema.safeParse({}).success);
  const names = sections.map(([name]) => name);
  return Object.fromEntries(Object.entries(value).filter(([key, part]) => part !== null || !names.includes(key)));
}

/** Two ports in the file that are one; a clash with a default or with stack.json is found by resolveConfig. */
function listPortClashes(values: ConfigValues, positionOf: ConfigFile['positionOf']): readonly Mistake[] {
  const seen = new Map<number, PortKey>();
  return portKeys.flatMap((name) => {
    const port = values[name]?.port;
    if (port === undefined) return [];
    const first = seen.get(port);
    seen.set(port, first ?? name);
    if (first === undefined) return [];
    const key = [name, 'port'];
    return [{ ...positionOf(key), key: showKey(key), message: `${port} is the port of ${first} already` }];
  });
}

function makePathsAbsolute(values: ConfigValues, options: ParseOptions): ConfigValues {
  const absolute = (path: string) => {
    const { home } = options;
    return home !== undefined && path.startsWith('~/') ? join(home, path.slice(2)) : resolve(options.directory, path);
  };
  const { data, prometheus, alertmanager, programs } = values;
  return {
    ...values,
    ...(data !== undefined && { data: absolute(data) }),
    ...(prometheus !== undefined && {
      prometheus: {
        ...prometheus,
        ...(prometheus.scrapeFiles && { scrapeFiles: prometheus.scrapeFiles.map(absolute) }),
        ...(prometheus.ruleFiles && { ruleFiles: prometheus.ruleFiles.map(absolute) }),
      },
    }),
    ...(typeof alertmanager?.config === 'string' && {
      alertmanager: { ...alertmanager, config: absolute(alertmanager.config) },
    }),
    ...(programs !== undefined && {
      programs: Object.fromEntries(
        Object.entries(programs).map(([name, path]) => [name, typeof path === 'string' ? absolute(path) : path]),
      ),
    }),
  };
}

async function readText(absolute: string, path: string, options: LoadOptions): Promise<string> {
  const named = `The config file ${path} (named by ${options.namedBy})`;
  const file = await open(absolute).catch((error: unknown) => {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw unreadable(`${named} ${isMissing ? 'does not exist' : `cannot be opened: ${messageOf(error)}`}.`, path);
  });
  try {
    const info = await file.stat();
    if (!info.isFile()) throw unreadable(`${named} is not a regular file.`, path);
    if (info.size > sizeLimitBytes) throw unreadable(`${named} is larger than ${sizeLimitBytes / 1024} KiB.`, path);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function unreadable(message: string, path: string): HoldfastError {
  return new HoldfastError('bad-config', {
    message,
    remedy: 'Name the right file with --config FILE.',
    details: { file: path, mistakes: [] },
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
