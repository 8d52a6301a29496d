import { realpath, stat } from 'node:fs/promises';
import type { ProcessReader } from '../../../adapters/processes/processes.ts';
import { HoldfastError } from '../../../errors/holdfast-error.ts';
import { directorySize } from '../../../files/directory-size.ts';
import type { StackConfig } from '../../../model/config.ts';
import { identifyDirectory } from '../../../observations/identify-directory.ts';
import { retentionThatKeepsAll } from '../../../rules/retention.ts';
import { listTsdb } from '../../../tsdb/list-blocks.ts';
import type { AdoptFact } from '../standalone-facts.ts';
import type { StandaloneRequest } from './observe-standalone.ts';

/** What the directory to be adopted is, by its content. Throws `not-adoptable` where that is nothing we know. */
export async function observeAdoption(
  { adopt, config }: Pick<StandaloneRequest, 'adopt' | 'config'>,
  processes: ProcessReader,
  nowMs: number,
): Promise<AdoptFact | null> {
  if (adopt === null) return null;
  const from = await resolveDirectory(adopt.from);
  const found = await identifyDirectory(from);
  if (found === undefined) throw unknownContent(from);
  if (adopt.as !== null && adopt.as !== found.kind) throw otherKind(from, adopt.as, found.kind);
  const writer = await processes.findWriterBelow(found.dataDirectory);
  if (writer !== undefined) throw inUse(from, writer);
  const listing = found.kind === 'prometheus' ? await listTsdb(found.dataDirectory) : null;
  const asked = { timeMs: config.prometheus.retentionMs, sizeBytes: config.prometheus.retentionSizeBytes };
  return {
    from,
    component: found.kind,
    dataDirectory: found.dataDirectory,
    dataFile: found.dataFile,
    sizeBytes: await directorySize(found.dataDirectory),
    listing,
    retention: listing === null ? null : retentionThatKeepsAll(listing, nowMs, asked),
  };
}

/** The retention that keeps everything becomes the stack's own: the next `up` must not ask for the default again. */
export function configWithAdoption(config: StackConfig, adopt: AdoptFact | null): StackConfig {
  if (!adopt?.retention) return config;
  const { timeMs, sizeBytes } = adopt.retention;
  return { ...config, prometheus: { ...config.prometheus, retentionMs: timeMs, retentionSizeBytes: sizeBytes } };
}

async function resolveDirectory(path: string): Promise<string> {
  try {
    const found = await realpath(path);
    if (!(await stat(found)).isDirectory()) throw new Error('it is not a directory');
    return found;
  } catch (error) {
    throw new HoldfastError('not-adoptable', {
      message: `${path} cannot be adopted: ${error instanceof Error ? error.message : String(error)}`,
      remedy: 'Name a directory that exists and that this user may read.',
      cause: error,
    });
  }
}

/** A copy of what is written to holds no sample that comes later, and perhaps half of one that comes now. */
function inUse(from: string, { pid, command }: { readonly pid: number; readonly command: string }): HoldfastError {
  return new HoldfastError('not-adoptable', {
    message: `${from} is in use: process ${pid} (${command}) has files in it open for writing. It was only read.`,
    remedy: `Stop that process, then run the same command again.`,
    details: { from, pid },
  });
}

function unknownContent(from: string): HoldfastError {
  return new HoldfastError('not-adoptable', {
    message: `${from} holds nothing that looks like data of Prometheus, Alertmanager, Pushgateway or Grafana. It was only read.`,
    remedy:
      'Name the directory that holds the blocks (or nflog, grafana.db, the Pushgateway file), or the volume above it.',
  });
}

function otherKind(from: string, as: string, kind: string): HoldfastError {
  return new HoldfastError('not-adoptable', {
    message: `${from} was said to be ${as}, but its content is ${kind}'s. It was only read.`,
    remedy: `Run \`holdfast adopt ${from} --as ${kind}\`, or name another directory.`,
  });
}
