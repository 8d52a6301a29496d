import type { StackFile } from '../model/stack-file.ts';
import type { TsdbCheck } from '../model/tsdb-check.ts';
import type { TsdbFinding } from '../model/tsdb-inventory.ts';
import { judgeFutureBlocks } from '../rules/future-blocks.ts';
import { blocksBeyondRetention, effectiveRetention } from '../rules/retention.ts';
import { listTsdb } from '../tsdb/list-blocks.ts';
import { findDataDirectory, type TsdbLook, type TsdbReaders } from './tsdb-inventory.ts';

export interface CheckOptions {
  /** Null for as fast as it can. */
  readonly maxBytesPerSecond: number | null;
  /** The stack whose volume it is: its retention is asked as well. Undefined for any other directory. */
  readonly stack: StackFile | undefined;
}

export interface DirectoryCheck extends TsdbCheck {
  /** The data directory that was read. */
  readonly directory: string;
}

/**
 * Reads every byte of the TSDB in a directory, or in the one below it. Throws `not-a-tsdb` where there is none,
 * `not-a-directory` for what is not there, and `io` where it cannot be read at all.
 */
export async function observeTsdbCheck(
  directory: string,
  options: CheckOptions,
  { readers, progress, signal }: TsdbLook & { readonly readers: TsdbReaders },
): Promise<DirectoryCheck> {
  const dataDirectory = await findDataDirectory(directory);
  // Where not all can be listed it cannot be ruled out.
  const isLive = (await readers.findWriterBelow(dataDirectory).catch(() => 'perhaps')) !== undefined;
  const { maxBytesPerSecond, stack } = options;
  const { blocks, findings, ...check } = await readers.run(
    { kind: 'check', directory: dataDirectory, isLive, maxBytesPerSecond },
    {
      signal,
      onProgress: (done, total) => progress({ done, total, unit: 'bytes', text: dataDirectory }),
    },
  );
  const future = judgeFutureBlocks(blocks, readers.now()).refused.map(tellFuture);
  const condemned = stack === undefined ? [] : await findCondemned(dataDirectory, stack);
  return { directory: dataDirectory, ...check, findings: [...findings, ...future, ...condemned] };
}

function tellFuture({ ulid, minTime, maxTime }: { ulid: string; minTime: number; maxTime: number }): TsdbFinding {
  const end = isWritable(maxTime) ? new Date(maxTime).toISOString() : String(maxTime);
  return {
    rule: 'block-in-the-future',
    severity: 'warning',
    file: ulid,
    offset: null,
    series: null,
    fromMs: minTime,
    toMs: maxTime,
    message: `Block ${ulid} ends at ${end}, in the future: Prometheus would reject every sample until then.`,
    remedy: 'Set the clock right if it is wrong; else move the block aside until then.',
  };
}

function isWritable(atMs: number): boolean {
  return Math.abs(atMs) <= 8.64e15;
}

/** What Prometheus deletes as soon as it starts with the retention of stack.json. */
async function findCondemned(dataDirectory: string, stack: StackFile): Promise<readonly TsdbFinding[]> {
  const listing = await listTsdb(dataDirectory);
  const replaced = new Set(listing.blocks.flatMap(({ parents }) => parents));
  const condemned = blocksBeyondRetention(listing, effectiveRetention(stack.retention));
  return condemned
    .filter(({ ulid, deletable }) => !deletable && !replaced.has(ulid))
    .map(({ ulid, minTime, maxTime, samples }) => ({
      rule: 'retention-deletes',
      severity: 'warning',
      file: ulid,
      offset: null,
      series: null,
      fromMs: minTime,
      toMs: maxTime,
      message: `Block ${ulid} with ${samples} samples lies beyond the retention of the stack: Prometheus deletes it when it starts next.`,
      remedy: 'Raise prometheus.retention or prometheus.retentionSize in the config if it is to be kept.',
    }));
}
