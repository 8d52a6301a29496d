import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { VolumeComponent } from '../model/component.ts';
import { isBlockName } from '../tsdb/block-meta.ts';

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
 * charts lay it out. Undefined where it is nothing we know. Throws `not-adoptable` where it is more than one thing, and `io`
 * where it cannot be read. Symlinks are never followed.
 */
export async function identifyDirectory(directory: string): Promise<IdentifiedDirectory | undefined> {
  const found = await lookAt(directory);
  const below = found.length > 0 ? [] : await lookBelow(directory);
  const [first, second] = [...found, ...below];
  if (first !== undefined && second !== undefined) throw ambiguous(directory, first, second);
  return first;
}

const dataDirectories = ['prometheus-db', 'alertmanager-db', 'data', 'prometheus', 'alertmanager'] as const;

async function lookBelow(directory: string): Promise<readonly IdentifiedDirectory[]> {
  const found: IdentifiedDirectory[] = [];
  for (const name of dataDirectories) {
    const path = join(directory, name);
    if (await isDirectory(path)) found.push(...(await lookAt(path)));
  }
  return found;
}

async function lookAt(directory: string): Promise<readonly IdentifiedDirectory[]> {
  const names = await namesIn(directory);
  const looks = [lookForPrometheus, lookForAlertmanager, lookForGrafana, lookForPushgateway];
  const found = await Promise.all(looks.map((look) => look(directory, names)));
  return found.filter((one) => one !== undefined);
}

async function lookForPrometheus(
  directory: string,
  names: readonly string[],
): Promise<IdentifiedDirectory | undefined> {
  const blocks = names.filter(isBlockName);
  for (const block of blocks) {
    if (await isFile(join(directory, block, 'meta.json'))) return prometheus(directory, `block ${block}`);
  }
  if (!names.includes('wal') || !(await isDirectory(join(directory, 'wal')))) return undefined;
  const segments = (await namesIn(join(directory, 'wal'))).filter((name) => /^(\d{8}|checkpoint\.\d+)$/.test(name));
  return segments.length > 0 ? prometheus(directory, 'wal/') : undefined;
}

function prometheus(directory: string, by: string): IdentifiedDirectory {
  return { kind: 'prometheus', dataDirectory: directory, dataFile: null, by };
}

/** An empty snapshot file is as good as any: that is what Alertmanager writes when it knows nothing. */
async function lookForAlertmanager(
  directory: string,
  names: readonly string[],
): Promise<IdentifiedDirectory | undefined> {
  for (const name of ['silences', 'nflog']) {
    if (names.includes(name) && (await isFile(join(directory, name)))) {
      return { kind: 'alertmanager', dataDirectory: directory, dataFile: null, by: name };
    }
  }
  return undefined;
}

async function lookForGrafana(directory: string, names: readonly string[]): Promise<IdentifiedDirectory | undefined> {
  if (!names.includes('grafana.db')) return undefined;
  const head = await readHead(join(directory, 'grafana.db'), 16);
  if (head?.toString('latin1') !== 'SQLite format 3\0') return undefined;
  return { kind: 'grafana', dataDirectory: directory, dataFile: null, by: 'grafana.db' };
}

/** Pushgateway names its file as it was told to; a directory with one file of its kind will do. */
async function lookForPushgateway(
  directory: string,
  names: readonly string[],
): Promise<IdentifiedDirectory | undefined> {
  const candidates = names.length > 100 ? names.filter((name) => name === 'pushgateway.data') : names;
  const files: string[] = [];
  for (const name of candidates) {
    const head = name.startsWith('.') ? undefined : await readHead(join(directory, name), 64);
    if (head !== undefined && isPushgatewayGob(head)) files.push(name);
  }
  const [dataFile, another] = files.includes('pushgateway.data') ? ['pushgateway.data'] : files;
  if (dataFile === undefined || another !== undefined) return undefined;
  return { kind: 'pushgateway', dataDirectory: directory, dataFile, by: dataFile };
}

/** A gob stream begins with the description of its type, and so with the name of Pushgateway's own. */
function isPushgatewayGob(head: Buffer): boolean {
  return head.toString('latin1').includes('GroupingKeyToMetricGroup');
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (cause) {
    throw new HoldfastError('io', {
      message: `${directory} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}. Nothing was changed.`,
      remedy: `Look at it: ls -ld '${directory}'`,
      cause,
    });
  }
}

async function readHead(path: string, bytes: number): Promise<Buffer | undefined> {
  if (!(await isFile(path))) return undefined;
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isFile() === true;
}

async function isDirectory(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isDirectory() === true;
}

function ambiguous(directory: string, first: IdentifiedDirectory, second: IdentifiedDirectory): HoldfastError {
  return new HoldfastError('not-adoptable', {
    message: `${directory} holds more than one component's data: ${first.kind} (${first.dataDirectory}, by ${first.by}) and ${second.kind} (${second.dataDirectory}, by ${second.by}). Nothing was changed.`,
    remedy: `Name one of them: holdfast adopt '${first.dataDirectory}' --as ${first.kind}`,
    details: { directory, kinds: [first.kind, second.kind] },
  });
}
