import { closeSync, constants, lstatSync, openSync, readdirSync, readSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { findErrno } from '../files/fs-errors.ts';
import { isNotUtf8, notUtf8Reason, notUtf8Remedy } from '../model/not-utf8.ts';
import type { VolumeComponent } from '../model/component.ts';
import { shellWord } from '../model/shell-word.ts';
import { isBlockName } from '../tsdb/block-name.ts';
import { isChunkFileName } from '../tsdb/block/chunk-files.ts';

export interface IdentifiedDirectory {
  readonly kind: VolumeComponent;
  /** Absolute path of the directory whose content the program takes for its data directory. */
  readonly dataDirectory: string;
  /** Pushgateway: the one file that holds the groups, relative to dataDirectory; else null. */
  readonly dataFile: string | null;
  /** What it was told by, in words. */
  readonly by: string;
}

/**
 * Tells by its content what a directory holds: the data directory of a program itself, or a volume with it below, as the
 * charts lay it out. Undefined where it is nothing we know. Throws `not-adoptable` where it is more than one thing,
 * `ambiguous-directory` where it is one and holds another below, and `io` where it cannot be read. Symlinks are never followed.
 */
export async function identifyDirectory(directory: string): Promise<IdentifiedDirectory | undefined> {
  const found = lookAt(directory);
  const below = lookBelow(directory);
  const [first, second] = [...found, ...below];
  if (first === undefined || second === undefined) return first;
  throw found.length === 1 ? oneBelowAnother(first, second) : ambiguous(directory, first, second);
}

/** Names that a data directory has in a volume. */
export const dataDirectories = ['prometheus-db', 'alertmanager-db', 'data', 'prometheus', 'alertmanager'] as const;

function lookBelow(directory: string): readonly IdentifiedDirectory[] {
  const names = listEntries(directory).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  return dataDirectories.filter((name) => names.includes(name)).flatMap((name) => lookAt(join(directory, name)));
}

/**
 * Each thing that a directory is by its own content, without what lies below. Synchronous, since a walk over a share asks
 * it ten thousand times. Throws `io` where it cannot be read.
 */
export function lookAt(directory: string, entries = listEntries(directory)): readonly IdentifiedDirectory[] {
  const looks = [lookForPrometheus, lookForAlertmanager, lookForGrafana, lookForPushgateway];
  return looks.map((look) => look(directory, entries)).filter((one) => one !== undefined);
}

/** What lies in a directory, by name. Throws `io`. */
export function listEntries(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).sort((one, other) => (one.name < other.name ? -1 : 1));
  } catch (cause) {
    if (findErrno(cause) === 'ENOENT' && isNotUtf8(directory)) {
      const message = `${directory} cannot be read: ${notUtf8Reason}. Nothing was changed.`;
      throw new HoldfastError('io', { message, remedy: notUtf8Remedy, cause });
    }
    throw new HoldfastError('io', {
      message: `${directory} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}. Nothing was changed.`,
      remedy: `Look at it: ls -ld ${shellWord(directory)}`,
      cause,
    });
  }
}

function lookForPrometheus(directory: string, entries: readonly Dirent[]): IdentifiedDirectory | undefined {
  const block = entries.find(
    (entry) => entry.isDirectory() && isBlockName(entry.name) && holdsBlock(join(directory, entry.name)),
  );
  if (block !== undefined) return prometheus(directory, `block ${block.name}`);
  if (!entries.some((entry) => entry.name === 'wal' && entry.isDirectory())) return undefined;
  const hasSegment = listEntries(join(directory, 'wal')).some(({ name }) => /^(\d{8}|checkpoint\.\d+)$/.test(name));
  return hasSegment ? prometheus(directory, 'wal/') : undefined;
}

function prometheus(directory: string, by: string): IdentifiedDirectory {
  return { kind: 'prometheus', dataDirectory: directory, dataFile: null, by };
}

/** An empty snapshot file is as good as any: that is what Alertmanager writes when it knows nothing. */
function lookForAlertmanager(directory: string, entries: readonly Dirent[]): IdentifiedDirectory | undefined {
  const found = entries.find((entry) => ['silences', 'nflog'].includes(entry.name) && entry.isFile());
  if (found === undefined) return undefined;
  const by = entries.some((entry) => entry.name === 'silences' && entry.isFile()) ? 'silences' : 'nflog';
  return { kind: 'alertmanager', dataDirectory: directory, dataFile: null, by };
}

function lookForGrafana(directory: string, entries: readonly Dirent[]): IdentifiedDirectory | undefined {
  const database = entries.find((entry) => entry.name === 'grafana.db' && entry.isFile());
  if (database === undefined) return undefined;
  const head = readHead(join(directory, 'grafana.db'), 16);
  if (head?.toString('latin1') !== 'SQLite format 3\0') return undefined;
  return { kind: 'grafana', dataDirectory: directory, dataFile: null, by: 'grafana.db' };
}

/** Pushgateway names its file as it was told to; a directory with one file of its kind will do. */
function lookForPushgateway(directory: string, entries: readonly Dirent[]): IdentifiedDirectory | undefined {
  const names = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map(({ name }) => name);
  const candidates = entries.length > 100 ? names.filter((name) => name === 'pushgateway.data') : names;
  const files = candidates.filter((name) => isPushgatewayGob(readHead(join(directory, name), 64)));
  const [dataFile, another] = files.includes('pushgateway.data') ? ['pushgateway.data'] : files;
  if (dataFile === undefined || another !== undefined) return undefined;
  return { kind: 'pushgateway', dataDirectory: directory, dataFile, by: dataFile };
}

/** A gob stream begins with the description of its type, and so with the name of Pushgateway's own. */
function isPushgatewayGob(head: Buffer | undefined): boolean {
  return head?.toString('latin1').includes('GroupingKeyToMetricGroup') === true;
}

/** Undefined for what cannot be opened or is no regular file. */
function readHead(path: string, bytes: number): Buffer | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const buffer = Buffer.alloc(bytes);
    return buffer.subarray(0, readSync(descriptor, buffer, 0, bytes, 0));
  } finally {
    closeSync(descriptor);
  }
}

/** Also one that has lost its meta.json: Prometheus does not see it, but its samples are there. */
function holdsBlock(directory: string): boolean {
  return (
    ['meta.json', 'index'].some((name) => mayBeFile(join(directory, name))) || mayBeChunks(join(directory, 'chunks'))
  );
}

/** True as well where we may not look: a block that cannot be read is one all the same, and whoever reads it says so. */
function mayBeFile(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return true;
  }
}

/** An empty directory is what is left of a block whose last file is gone. */
function mayBeChunks(path: string): boolean {
  try {
    return readdirSync(path).some(isChunkFileName);
  } catch {
    return false;
  }
}

/** As where a Prometheus was once started with the volume itself for its data directory. */
function oneBelowAnother(upper: IdentifiedDirectory, lower: IdentifiedDirectory): HoldfastError {
  const { dataDirectory: directory } = upper;
  return new HoldfastError('ambiguous-directory', {
    message: `${directory} holds data of ${upper.kind} (by ${upper.by}), and so does ${lower.dataDirectory} below it, of ${lower.kind} (by ${lower.by}): nobody says which of them is meant. Nothing was changed.`,
    remedy: `Name ${shellWord(lower.dataDirectory)} itself, or move it out of ${shellWord(directory)} if the upper one is meant.`,
    details: { directory, dataDirectories: [directory, lower.dataDirectory], kinds: [upper.kind, lower.kind] },
  });
}

function ambiguous(directory: string, first: IdentifiedDirectory, second: IdentifiedDirectory): HoldfastError {
  return new HoldfastError('not-adoptable', {
    message: `${directory} holds more than one component's data: ${first.kind} (${first.dataDirectory}, by ${first.by}) and ${second.kind} (${second.dataDirectory}, by ${second.by}). Nothing was changed.`,
    remedy: `Name one of them: holdfast adopt ${shellWord(first.dataDirectory)} --as ${first.kind}`,
    details: { directory, kinds: [first.kind, second.kind] },
  });
}
