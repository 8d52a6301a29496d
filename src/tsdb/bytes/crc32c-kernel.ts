import { crc32cTables } from './crc32c-tables.ts';
import { checksumTableBytes, isInKernel, kernelMemory, openKernel, type KernelFunction } from './kernel-memory.ts';
import { get, i32, moduleOf, repeatUntil, set, typeI32, type Code } from './wasm-code.ts';

/**
 * CRC-32C in WebAssembly: sixteen bytes a step with the same tables as crc32c.ts, and without the bounds checks that
 * JavaScript makes at each of them, which is 1.3 to 1.4 times as fast (docs/bench.md). It only reads its own memory, so
 * what is to be checksummed is read from the disk into a buffer of `kernelBuffer`.
 *
 * The module is written here instruction by instruction, as the text format would have it:
 *
 *     (func (export "crc32c") (param $crc i32) (param $at i32) (param $end i32) (result i32) (local $word i32)
 *       $crc = ~$crc
 *       while ($end - $at >= 16) { four times: $word = the next four bytes; look each byte up; XOR all; $at += 16 }
 *       while ($at < $end) { one byte }
 *       ~$crc)
 */

/** Numbers of the function's variables. */
const crc = 0;
const at = 1;
const end = 2;
const word = 3;

const stepBytes = 16;
const tableBytes = checksumTableBytes / stepBytes;

/** The address in a table of byte `index` of a word: the byte times four. */
function entryOf(value: Code, index: number): Code {
  const four = i32.constant(2);
  const moved = index === 0 ? i32.shiftLeft(value, four) : i32.shiftRight(value, i32.constant(8 * index - 2));
  return i32.and(moved, i32.constant(0x3fc));
}

const lookUp = (table: number, entry: Code): Code => i32.load(entry, table * tableBytes);

/** Looks sixteen bytes up; the first of them, which has the most bytes behind it, in the last table. */
function stepCode(): Code {
  let code: Code = [];
  for (let part = 0; part < 4; part += 1) {
    const next = i32.load(get(at), 4 * part);
    code = [...code, ...set(word, part === 0 ? i32.xor(next, get(crc)) : next)];
    for (let index = 0; index < 4; index += 1) {
      const position = 4 * part + index;
      const found = lookUp(stepBytes - 1 - position, entryOf(get(word), index));
      code = position === 0 ? [...code, ...found] : i32.xor(code, found);
    }
  }
  return [...set(crc, code), ...set(at, i32.add(get(at), i32.constant(stepBytes)))];
}

function byteCode(): Code {
  const found = lookUp(0, entryOf(i32.xor(get(crc), i32.loadByte(get(at), 0)), 0));
  const rest = i32.shiftRight(get(crc), i32.constant(8));
  return [...set(crc, i32.xor(found, rest)), ...set(at, i32.add(get(at), i32.constant(1)))];
}

function functionBody(): Code {
  const inverted = i32.xor(get(crc), i32.constant(-1));
  const isShort = i32.lessUnsigned(i32.subtract(get(end), get(at)), i32.constant(stepBytes));
  const isAtEnd = i32.notLessUnsigned(get(at), get(end));
  return [...set(crc, inverted), ...repeatUntil(isShort, stepCode()), ...repeatUntil(isAtEnd, byteCode()), ...inverted];
}

let checksum: KernelFunction | undefined;

function openChecksum(): KernelFunction {
  new Int32Array(kernelMemory().buffer, 0, checksumTableBytes / 4).set(crc32cTables(stepBytes));
  const parameters = [typeI32, typeI32, typeI32];
  const module = { name: 'crc32c', parameters, result: typeI32, variables: [typeI32], body: functionBody() };
  return openKernel(moduleOf(module), module.name);
}

/** The buffer that was asked about last, and its address: a file is read part by part of the same window. */
let lastData: Uint8Array | undefined;
let lastAddress = 0;

/** Undefined where the bytes do not lie in a buffer of the kernel. */
export function checksumInKernel(data: Uint8Array, from: number, to: number, before: number): number | undefined {
  if (data !== lastData) {
    if (!isInKernel(data)) return undefined;
    lastData = data;
    lastAddress = data.byteOffset;
  }
  if (from < 0 || to > data.length || from > to) return undefined;
  checksum ??= openChecksum();
  return checksum(before, lastAddress + from, lastAddress + to) >>> 0;
}
