import { chmod, copyFile, rename, stat, truncate } from 'node:fs/promises';

export interface RotationLimits {
  readonly maxBytes: number;
  readonly keep: number;
}

export const defaultRotationLimits: RotationLimits = { maxBytes: 10 * 2 ** 20, keep: 3 };

/**
 * Rotates a log by copy and truncate, since the writer keeps its file open: with O_APPEND it goes on at the new end.
 * Lines written between the copy and the truncation are lost. Returns true where it rotated.
 */
export async function rotateLog(path: string, limits: RotationLimits): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined || info.size <= limits.maxBytes) return false;
  for (let index = limits.keep - 1; index >= 1; index -= 1)
    await renameIfThere(`${path}.${index}`, `${path}.${index + 1}`);
  await copyFile(path, `${path}.1`);
  await chmod(`${path}.1`, 0o600);
  await truncate(path, 0);
  return true;
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
