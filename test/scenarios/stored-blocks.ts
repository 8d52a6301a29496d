import { listBlocksOf, type BlockOfDirectory } from '../harness/make-blocks.ts';
import { waitFor } from '../harness/wait-for.ts';

/** The blocks that count, oldest first: while Prometheus compacts, parents lie beside their child for a moment. */
export async function listStoredBlocks(directory: string): Promise<readonly BlockOfDirectory[]> {
  // A block that goes while it is listed is an error; the next look sees its child.
  const blocks = await waitFor('the blocks can be listed', async () => listBlocksOf(directory), { timeoutMs: 10_000 });
  const parents = new Set(blocks.flatMap((block) => block.parents));
  return blocks.filter(({ ulid }) => !parents.has(ulid));
}

/** Samples in blocks that begin no later than `untilMs`. */
export async function countStoredSamples(directory: string, untilMs: number): Promise<number> {
  const blocks = await listStoredBlocks(directory);
  return blocks.filter(({ minTime }) => minTime <= untilMs).reduce((sum, { samples }) => sum + samples, 0);
}
