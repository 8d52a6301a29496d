import { join } from 'node:path';
import type { ProcessReader } from '../adapters/processes/processes.ts';
import { HoldfastError, hasCode } from '../errors/holdfast-error.ts';
import { readLock, takeLock, type Lock } from '../files/lock.ts';
import { paths } from '../model/paths.ts';

/** One daemon for each data root. Throws `locked` naming the one that runs. */
export async function takeDaemonLock(dataRoot: string, processes: ProcessReader): Promise<Lock> {
  const path = join(dataRoot, paths.run, 'daemon.lock');
  const holder = { ...processes.self(), verb: 'daemon', run: '' };
  try {
    return await takeLock(path, { holder, isAlive: (identity) => processes.isAlive(identity) });
  } catch (error) {
    if (!hasCode(error, 'locked')) throw error;
    const found = await readLock(path);
    if (found.state !== 'held' || found.holder.host !== holder.host) throw error;
    throw new HoldfastError('locked', {
      message: `The daemon of ${dataRoot} runs already, as process ${found.holder.pid}.`,
      remedy: `Use it as it is, or end it with \`holdfast down\` (a paused one: kill -CONT ${found.holder.pid}).`,
      details: { pid: found.holder.pid },
      cause: error,
    });
  }
}
