import { join } from 'node:path';
import { hasCode } from '../errors/holdfast-error.ts';
import { takeLock } from '../files/lock.ts';
import type { ProcessIdentity } from '../model/process-identity.ts';
import { paths } from '../model/paths.ts';
import type { StackFile } from '../model/stack-file.ts';
import { getStackFile, writeStackFile } from './stack-file.ts';

export interface StackFileWriter {
  readonly self: ProcessIdentity;
  isAlive(identity: ProcessIdentity): Promise<boolean>;
}

/**
 * Reads, changes and replaces stack.json while nobody else of ours does: a command and the daemon both write it. Returns
 * what was written. Throws `no-stack` where there is none, `locked` where another writer does not end within 5 s.
 */
export async function updateStackFile(
  dataRoot: string,
  writer: StackFileWriter,
  change: (stack: StackFile) => StackFile,
): Promise<StackFile> {
  const lock = await takeStackLock(dataRoot, writer);
  try {
    const before = await getStackFile(dataRoot);
    const after = change(before);
    if (JSON.stringify(after) !== JSON.stringify(before)) await writeStackFile(dataRoot, after);
    return after;
  } finally {
    await lock.release();
  }
}

async function takeStackLock(dataRoot: string, writer: StackFileWriter) {
  const path = join(dataRoot, `${paths.stackFile}.lock`);
  const holder = { ...writer.self, verb: 'stack.json', run: '' };
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await takeLock(path, { holder, isAlive: (identity) => writer.isAlive(identity) });
    } catch (error) {
      if (!hasCode(error, 'locked') || attempt >= 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
