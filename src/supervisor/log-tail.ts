import { open, stat } from 'node:fs/promises';

export interface LogTailOptions {
  /** Where the instance's own lines begin; what was rotated away since then is gone. */
  readonly fromOffset: number;
  readonly maxBytes: number;
}

/** The last whole lines of a log that a component has written since it started; none where there is no log. */
export async function readLogTail(path: string, options: LogTailOptions): Promise<readonly string[]> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return [];
  try {
    const { size } = await file.stat();
    const begin = options.fromOffset > size ? 0 : options.fromOffset;
    const from = Math.max(begin, size - options.maxBytes);
    const buffer = Buffer.alloc(size - from);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    if (from > begin) lines.shift();
    return lines.filter((line) => line.trim() !== '');
  } finally {
    await file.close();
  }
}

/** Size of a log, 0 where there is none yet. */
export async function readLogSize(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
