import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Spoils a byte in the first record of the last segment that is of any size, so that nearly all of it lies behind. Its path. */
export async function damageWal(dataDirectory: string): Promise<string> {
  const wal = join(dataDirectory, 'wal');
  const names = (await readdir(wal)).filter((name) => /^\d{8}$/.test(name)).sort();
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(wal, name))).size));
  const name = names.filter((_, index) => (sizes[index] ?? 0) > 65_536).at(-1);
  if (name === undefined) throw new Error(`${wal} has no segment of any size.`);
  await flipByte(join(wal, name), 100);
  return join(wal, name);
}

export async function flipByte(path: string, offset: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, offset);
    await file.write(Buffer.from([(byte[0] ?? 0) ^ 0x55]), 0, 1, offset);
  } finally {
    await file.close();
  }
}
