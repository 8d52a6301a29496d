import type { StackFileWriter } from '../../../data-root/update-stack-file.ts';
import type { StandaloneWorld } from '../standalone-world.ts';

/** Who this process is when it writes stack.json. */
export function stackFileWriter(world: Pick<StandaloneWorld, 'processes'>): StackFileWriter {
  return { self: world.processes.self(), isAlive: (identity) => world.processes.isAlive(identity) };
}
