/**
 * The memory that kernels in WebAssembly read: the tables of the checksum, two buffers that files are read into, and a
 * place for what a kernel keeps between its calls. It is made when it is first asked for, in each thread for itself.
 */
const pageBytes = 65_536;
export const checksumTableBytes = 16 * 1024;
const mostBuffers = 2;
/** A window of a file, and a little more than that for what does not end with it. */
export const kernelBufferBytes = (1 << 20) + pageBytes;
/** Behind the buffers, so that a kernel that reads eight bytes at once may begin at the last byte of one. */
const stateAt = checksumTableBytes + mostBuffers * kernelBufferBytes;

/** The part of it that is used here; the types of Node leave it out. */
interface Engine {
  readonly Memory: new (size: { readonly initial: number }) => KernelMemory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Record<string, KernelFunction> };
}

export interface KernelMemory {
  readonly buffer: ArrayBuffer;
}

export type KernelFunction = (...words: readonly number[]) => number;

const { WebAssembly: engine } = globalThis as unknown as { readonly WebAssembly: Engine };

let memory: KernelMemory | undefined;

export function kernelMemory(): KernelMemory {
  memory ??= new engine.Memory({ initial: Math.ceil((stateAt + pageBytes) / pageBytes) });
  return memory;
}

/** True for bytes that a kernel can read. */
export function isInKernel(data: Uint8Array): boolean {
  return data.buffer === memory?.buffer;
}

/** One of two buffers. Whoever asks for the same one gets the same. */
export function kernelBuffer(number: 0 | 1): Uint8Array<ArrayBuffer> {
  return new Uint8Array(kernelMemory().buffer, checksumTableBytes + number * kernelBufferBytes, kernelBufferBytes);
}

/** Where a kernel keeps its state. */
export const kernelStateAt = stateAt;
const stateBytes = 1024;
/** Behind what is copied here, eight bytes at once may be read as well. */
const scratchBytes = pageBytes - stateBytes - 1024;

/** A place for what lies in no buffer of the kernel; none where it is too long. */
export function copyIntoKernel(data: Uint8Array): Uint8Array | undefined {
  if (data.length > scratchBytes) return undefined;
  const copy = new Uint8Array(kernelMemory().buffer, stateAt + stateBytes, data.length);
  copy.set(data);
  return copy;
}

/** The function that a module exports. */
export function openKernel(bytes: Uint8Array<ArrayBuffer>, name: string): KernelFunction {
  const { exports } = new engine.Instance(new engine.Module(bytes), { env: { memory: kernelMemory() } });
  const found = exports[name];
  if (found === undefined) throw new Error(`The kernel has no function ${name}.`);
  return found;
}
