import { join } from 'node:path';
import { findStackFile } from '../data-root/stack-file.ts';
import { findNewestSample } from '../data-root/newest-sample.ts';
import { updateStackFile, type StackFileWriter } from '../data-root/update-stack-file.ts';
import { dataDirectoryInVolume } from '../model/paths.ts';
import type { StackFile } from '../model/stack-file.ts';
import { formatDuration } from '../model/duration.ts';
import { judgeFutureBlocks } from '../rules/future-blocks.ts';
import { effectiveRetention, raiseForOutage } from '../rules/retention.ts';
import { listTsdb } from '../tsdb/list-blocks.ts';
import type { Refused, StartGuard } from './launch-component.ts';

export interface StartGuardOptions {
  readonly dataRoot: string;
  readonly writer: StackFileWriter;
  readonly now: () => number;
  readonly say: (line: string) => void;
}

/**
 * Asked before every start, also those that no command asked for: a block in the future is a refusal, and retention is
 * raised by the outage that a reboot or a long silence has made, before Prometheus could count it.
 */
export function createStartGuard(options: StartGuardOptions): StartGuard {
  return async (component) => {
    if (component !== 'prometheus') return undefined;
    const stack = await findStackFile(options.dataRoot);
    const volume = stack?.volumes.find((listed) => listed.component === 'prometheus');
    if (stack === undefined || volume === undefined) return undefined;
    const directory = join(options.dataRoot, volume.path, dataDirectoryInVolume['prometheus'] ?? '');
    const listing = await listTsdb(directory);
    const nowMs = options.now();
    const [future] = judgeFutureBlocks(listing.blocks, nowMs).refused;
    if (future !== undefined) return inTheFuture(directory, future);
    await raiseRetention(stack, await findNewestSample(options.dataRoot, listing, nowMs), options);
    return undefined;
  };
}

async function raiseRetention(stack: StackFile, newestMs: number | null, options: StartGuardOptions): Promise<void> {
  const nowMs = options.now();
  const raised = raiseForOutage(stack.retention, { newestMs, nowMs });
  if (JSON.stringify(raised.raises) === JSON.stringify(stack.retention.raises)) return;
  // From what stands there under the lock: a command may have changed the retention meanwhile.
  await updateStackFile(options.dataRoot, options.writer, (current) => ({
    ...current,
    retention: raiseForOutage(current.retention, { newestMs, nowMs }),
  }));
  const byMs = effectiveRetention(raised).timeMs - effectiveRetention(stack.retention).timeMs;
  if (byMs <= 0) return;
  options.say(`retention raised by ${formatDuration(byMs)}: the time of an outage does not count`);
}

function inTheFuture(directory: string, block: { readonly ulid: string; readonly maxTime: number }): Refused {
  return {
    code: 'block-in-the-future',
    message: `Block ${block.ulid} ends at ${new Date(block.maxTime).toISOString()}, which is in the future: Prometheus would answer, but reject every sample until then. It was not started.`,
    remedy: `Set the clock right if it is wrong; else move the block out of the way: mv '${join(directory, block.ulid)}' SOMEWHERE`,
  };
}
