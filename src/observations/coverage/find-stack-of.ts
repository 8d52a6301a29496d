import { dirname, join } from 'node:path';
import { findStackFile, getStackFile } from '../../data-root/stack-file.ts';
import type { StackOfVolume } from '../../model/coverage.ts';
import type { StackFile } from '../../model/stack-file.ts';

export interface OwnerOfVolume {
  readonly dataRoot: string;
  readonly stack: Omit<StackOfVolume, 'runs'>;
}

/**
 * The stack whose Prometheus volume a data directory is, or lies in. Undefined for any other directory; a stack.json that
 * cannot be read owns nothing.
 */
export async function findStackOf(
  dataDirectory: string,
  dataRoots: readonly string[],
): Promise<OwnerOfVolume | undefined> {
  for (const dataRoot of dataRoots) {
    const stack = await findStackFile(dataRoot).catch(() => undefined);
    if (stack === undefined) continue;
    const path = volumeIn(dataRoot, stack);
    if (dataDirectory !== path && dirname(dataDirectory) !== path) continue;
    const { name, createdAtMs, retention } = stack;
    return { dataRoot, stack: { name, createdAtMs, retention } };
  }
  return undefined;
}

/** The Prometheus volume of a data root. Throws `no-stack`. */
export async function getOwnVolume(dataRoot: string): Promise<string> {
  return volumeIn(dataRoot, await getStackFile(dataRoot));
}

function volumeIn(dataRoot: string, { volumes }: StackFile): string {
  return join(dataRoot, volumes.find(({ component }) => component === 'prometheus')?.path ?? 'volumes/prometheus');
}
