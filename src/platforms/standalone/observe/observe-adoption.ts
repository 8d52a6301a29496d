import { realpath } from 'node:fs/promises';
import { HoldfastError } from '../../../errors/holdfast-error.ts';
import { directorySize } from '../../../files/directory-size.ts';
import { identifyDirectory } from '../../../observations/identify-directory.ts';
import { retentionThatKeepsAll } from '../../../rules/retention.ts';
import { listTsdb } from '../../../tsdb/list-blocks.ts';
import type { AdoptFact } from '../standalone-facts.ts';

/** What the directory to be adopted is, by its content. Throws `not-adoptable` where that is nothing we know. */
export async function observeAdoption(
  adopt: { readonly from: string; readonly as: string | null } | null,
  nowMs: number,
): Promise<AdoptFact | null> {
  if (adopt === null) return null;
  const from = await resolveDirectory(adopt.from);
  const found = await identifyDirectory(from);
  if (found === undefined) throw unknownContent(from);
  if (adopt.as !== null && adopt.as !== found.kind) throw otherKind(from, adopt.as, found.kind);
  const listing = found.kind === 'prometheus' ? await listTsdb(found.dataDirectory) : null;
  return {
    from,
    component: found.kind,
    dataDirectory: found.dataDirectory,
    sizeBytes: await directorySize(found.dataDirectory),
    listing,
    retention: listing === null ? null : retentionThatKeepsAll(listing, nowMs),
  };
}

async function resolveDirectory(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    throw new HoldfastError('not-adoptable', {
      message: `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      remedy: 'Name a directory that exists and that this user may read.',
      cause: error,
    });
  }
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
