import { open } from 'node:fs/promises';

/**
 * Looks whether Pushgateway's file can be what it must be: a gob stream (encoding/gob, "Encoding Details") of type
 * definitions followed by a whole value. Returns why not, or undefined where it looks sound or is absent. Only the frame is
 * judged; what is wrong inside the value, Pushgateway itself says in its log.
 */
export async function findFaultInPushgatewayFile(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch((error: unknown) => error as NodeJS.ErrnoException);
  if (file instanceof Error) return file.code === 'ENOENT' ? undefined : `it cannot be opened: ${file.message}`;
  try {
    const { size } = await file.stat();
    if (size === 0) return 'it is empty';
    return await walkMessages(size, async (offset) => {
      const buffer = Buffer.alloc(Math.min(24, size - offset));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
      return buffer.subarray(0, bytesRead);
    });
  } finally {
    await file.close();
  }
}

/** A file has one message for each of a handful of types; far more means that it is none of Pushgateway's. */
const mostTypes = 1_000;

async function walkMessages(size: number, readAt: (offset: number) => Promise<Buffer>): Promise<string | undefined> {
  let offset = 0;
  for (let count = 0; count < mostTypes; count += 1) {
    if (offset >= size) return 'it ends before any metrics';
    const head = await readAt(offset);
    const length = readUnsigned(head, 0);
    if (length === undefined || length.value === 0) return `byte ${offset} begins no gob message`;
    const end = offset + length.size + length.value;
    if (end > size) return `it is cut off: ${end - size} bytes are missing`;
    const type = readUnsigned(head, length.size);
    if (type === undefined || type.value === 0) return `byte ${offset} begins a gob message of no type`;
    // Signed integers keep their sign in the lowest bit; a negative number defines a type, a positive one brings a value.
    if (type.value % 2 === 0) return undefined;
    offset = end;
  }
  return 'it defines too many types';
}

/** A byte below 128 stands for itself; else it is the negated count of the big-endian bytes that follow. */
function readUnsigned(bytes: Buffer, at: number): { readonly value: number; readonly size: number } | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first < 128) return { value: first, size: 1 };
  const count = 256 - first;
  if (count > 6 || at + 1 + count > bytes.length) return undefined;
  return { value: bytes.readUIntBE(at + 1, count), size: 1 + count };
}
