import { basename, join, relative } from 'node:path';
import { quarantineFiles } from '../../data-root/quarantine-files.ts';
import { findStackFile } from '../../data-root/stack-file.ts';
import { findVolumeIdentity } from '../../data-root/volume-identity.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { BlockMeta } from '../../model/block.ts';
import type { FoundVolume } from '../../model/found-volume.ts';
import { paths } from '../../model/paths.ts';
import type { VolumeIdentity } from '../../model/volume.ts';
import { parseVolumeName } from '../../rules/volume-name.ts';
import { readMetas } from '../../tsdb/block/read-metas.ts';
import { findLinkOnTheWay } from '../../tsdb/files/links.ts';
import { quietFiles } from '../../tsdb/files/quiet-files.ts';
import type { TsdbFiles } from '../../tsdb/files/tsdb-files.ts';
import { peekLabels } from '../../tsdb/peek-labels.ts';
import { scanVolume, type ScannedFile } from './scan-volume.ts';
import { findDiscarded } from './find-discarded.ts';
import type { Candidate } from './walk-share.ts';

/** As FoundVolume, before it was held against the others. */
export interface DescribedVolume extends Omit<FoundVolume, 'duplicates'> {
  /** ULIDs of its blocks. */
  readonly blockNames: readonly string[];
}

type Files = ReadonlyMap<string, ScannedFile>;

/** Everything that can be told of one volume without reading its samples. Nothing in it is changed. Throws `io`. */
export async function describeVolume({ path, found, isSnapshot }: Candidate, root: string): Promise<DescribedVolume> {
  const { kind, dataDirectory } = found;
  const { files, odd } = scanVolume(path);
  const damage: string[] = [];
  const identity = files.has(paths.identity) ? await readIdentity(path, damage) : undefined;
  const { claim, isArchived } = nameOf(path, root);
  const prefix = path === dataDirectory ? '' : `${relative(path, dataDirectory)}/`;
  const tsdb = kind === 'prometheus' ? describeTsdb(dataDirectory, { files, odd, prefix, damage }) : nothing;
  const [cluster, anotherCluster] = tsdb.labels.cluster;
  return {
    path,
    dataDirectory,
    kind,
    form: formOf({ files, isArchived, isSnapshot }),
    stack: identity?.stack ?? (anotherCluster === undefined ? (cluster ?? null) : null),
    claim,
    by: identity !== undefined ? 'identity' : claim !== null ? 'name' : tsdb.labels.job.length > 0 ? 'labels' : null,
    boundTo: identity === undefined ? null : await findBinding(path, identity),
    coverage: tsdb.coverage,
    discarded: await findDiscarded(path, root),
    sizeBytes: [...files.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    lastWriteMs: lastWriteIn(files, prefix),
    damage,
    labels: tsdb.labels,
    blockNames: tsdb.blockNames,
  };
}

interface Signs {
  readonly files: Files;
  readonly isArchived: boolean;
  readonly isSnapshot: boolean;
}

function formOf({ files, isArchived, isSnapshot }: Signs): FoundVolume['form'] {
  if (quarantineFiles.every((name) => files.has(name))) return 'quarantine';
  return isArchived ? 'archived' : isSnapshot ? 'snapshot' : 'volume';
}

async function readIdentity(path: string, damage: string[]): Promise<VolumeIdentity | undefined> {
  try {
    return await findVolumeIdentity(path);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    damage.push(error.message);
    return undefined;
  }
}

/** A provisioner's name may stand on any directory between the share and the volume; the nearest one counts. */
function nameOf(path: string, root: string): ReturnType<typeof parseVolumeName> {
  const parts = relative(root, path)
    .split('/')
    .filter((part) => part !== '');
  const names = (parts.length === 0 ? [basename(path)] : parts).toReversed().map(parseVolumeName);
  return {
    claim: names.find(({ claim }) => claim !== null)?.claim ?? null,
    isArchived: names.some(({ isArchived }) => isArchived),
  };
}

interface TsdbDescription {
  readonly coverage: FoundVolume['coverage'];
  readonly labels: FoundVolume['labels'];
  readonly blockNames: readonly string[];
}

const nothing: TsdbDescription = { coverage: null, labels: { job: [], instance: [], cluster: [] }, blockNames: [] };

interface TsdbPlace {
  readonly files: Files;
  readonly odd: ReadonlyMap<string, string>;
  /** Of the data directory's files among the volume's. */
  readonly prefix: string;
  readonly damage: string[];
}

function describeTsdb(dataDirectory: string, { files, odd, prefix, damage }: TsdbPlace): TsdbDescription {
  const strange = new Map(
    [...odd].filter(([path]) => path.startsWith(prefix)).map(([path, kind]) => [path.slice(prefix.length), kind]),
  );
  for (const [path, kind] of strange) damage.push(`${path} is ${kind} and no file`);
  const own = [...files]
    .filter(([path]) => path.startsWith(prefix))
    .map(([path, file]) => ({ path: path.slice(prefix.length), file }));
  const tsdb = scannedTsdb(dataDirectory, new Set(own.map(({ path }) => path)));
  const blocks = readMetas(tsdb, ({ file, damage: found }) => {
    if (!strange.has(file)) damage.push(`${file}: ${found.message}`);
  });
  const names = new Set([...own.map(({ path }) => path), ...strange.keys()]);
  for (const block of blocks) damage.push(...findMissingFiles(dataDirectory, block, names));
  return {
    coverage: {
      fromMs: blocks.length === 0 ? null : Math.min(...blocks.map(({ minTime }) => minTime)),
      toMs: blocks.length === 0 ? null : Math.max(...blocks.map(({ maxTime }) => maxTime)),
      blocks: blocks.length,
      samples: blocks.reduce((sum, { samples }) => sum + samples, 0),
      hasHead: own.some(({ path, file }) => path.startsWith('wal/') && file.sizeBytes > 0),
    },
    labels: labelsIn(tsdb, blocks, damage),
    blockNames: blocks.map(({ ulid }) => ulid),
  };
}

/** Files as they were scanned, so that no directory is listed twice. */
function scannedTsdb(dataDirectory: string, files: ReadonlySet<string>): TsdbFiles {
  const lists = new Map<string, Set<string>>();
  for (const path of files) {
    const parts = path.split('/');
    for (let depth = 0; depth < parts.length; depth += 1) {
      const directory = parts.slice(0, depth).join('/') || '.';
      const list = lists.get(directory) ?? new Set();
      lists.set(directory, list.add(parts[depth] ?? ''));
    }
  }
  const quiet = quietFiles(dataDirectory);
  return { ...quiet, list: (path) => [...(lists.get(path) ?? [])].sort() };
}

function findMissingFiles(
  dataDirectory: string,
  { ulid, chunks }: BlockMeta,
  names: ReadonlySet<string>,
): readonly string[] {
  const wanted = ['index', ...(chunks > 0 ? ['chunks/000001'] : [])];
  return wanted.flatMap((file) => {
    if (names.has(`${ulid}/${file}`)) return [];
    const link = findLinkOnTheWay(join(dataDirectory, ulid), file);
    const what = link === undefined ? `${file} is missing` : `${link} is a symlink, which is not followed`;
    return [`block ${ulid}: ${what}`];
  });
}

const mostValues = 20;

function labelsIn(tsdb: TsdbFiles, blocks: readonly BlockMeta[], damage: string[]): FoundVolume['labels'] {
  try {
    const values = peekLabels(tsdb, blocks, ['job', 'instance', 'cluster']);
    const listOf = (name: string) => [...(values.get(name) ?? [])].sort().slice(0, mostValues);
    return { job: listOf('job'), instance: listOf('instance'), cluster: listOf('cluster') };
  } catch (error) {
    damage.push(`its labels cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return nothing.labels;
  }
}

/** The data root around it, where that lists this very volume at this very place. */
async function findBinding(path: string, identity: VolumeIdentity): Promise<FoundVolume['boundTo']> {
  const dataRoot = join(path, '..', '..');
  const stack = await findStackFile(dataRoot).catch(() => undefined);
  const isListed = stack?.volumes.some(
    (volume) => volume.id === identity.volumeId && join(dataRoot, volume.path) === path,
  );
  return stack !== undefined && isListed === true && stack.stackId === identity.stackId
    ? { stack: stack.name, dataRoot }
    : null;
}

/** Of what its program writes to; the identity file and copies of blocks bear times of their own. */
function lastWriteIn(files: Files, prefix: string): number | null {
  let newestMs: number | null = null;
  for (const [path, { modifiedMs }] of files) {
    if (path.startsWith(prefix) && path !== paths.identity) newestMs = Math.max(newestMs ?? 0, Math.round(modifiedMs));
  }
  return newestMs;
}
