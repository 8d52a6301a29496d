import { encodeSigned, encodeSigned64, encodeUnsigned } from './leb128.ts';

/**
 * WebAssembly written as expressions: each function gives the bytes of an instruction behind those of its operands (core
 * specification, section 5.4). Only what the kernels need.
 */
export type Code = readonly number[];

export const typeI32 = 0x7f;
export const typeI64 = 0x7e;
const noResult = 0x40;

export const get = (variable: number): Code => [0x20, ...encodeUnsigned(variable)];
export const set = (variable: number, value: Code): Code => [...value, 0x21, ...encodeUnsigned(variable)];
export const finish = (value: Code): Code => [...value, 0x0f];

/** What is done where the condition is not 0, and what else. */
export function when(condition: Code, action: readonly Code[], otherwise: readonly Code[] = []): Code {
  const rest = otherwise.length === 0 ? [] : [0x05, ...otherwise.flat()];
  return [...condition, 0x04, noResult, ...action.flat(), ...rest, 0x0b];
}

/** Does it until the condition is not 0. */
export function repeatUntil(condition: Code, action: Code): Code {
  return [0x02, noResult, 0x03, noResult, ...condition, 0x0d, 1, ...action, 0x0c, 0, 0x0b, 0x0b];
}

/** Again and again; only `finish` ends it. What follows can never be reached. */
export function forever(action: readonly Code[]): Code {
  return [0x03, noResult, ...action.flat(), 0x0c, 0, 0x0b, 0x00];
}

const two = (opcode: number) => (one: Code, other: Code) => [...one, ...other, opcode];
const one = (opcode: number) => (value: Code) => [...value, opcode];
/** Addresses need not be aligned. */
const load = (opcode: number) => (address: Code, offset: number) => [...address, opcode, 0, ...encodeUnsigned(offset)];
const store = (opcode: number) => (address: Code, offset: number, value: Code) => [
  ...address,
  ...value,
  opcode,
  0,
  ...encodeUnsigned(offset),
];

export const i32 = {
  constant: (value: number): Code => [0x41, ...encodeSigned(value)],
  load: load(0x28),
  loadByte: load(0x2d),
  store: store(0x36),
  isZero: one(0x45),
  equal: two(0x46),
  lessSigned: two(0x48),
  lessUnsigned: two(0x49),
  greaterSigned: two(0x4a),
  notLessSigned: two(0x4e),
  notLessUnsigned: two(0x4f),
  add: two(0x6a),
  subtract: two(0x6b),
  multiply: two(0x6c),
  and: two(0x71),
  xor: two(0x73),
  shiftLeft: two(0x74),
  shiftRight: two(0x76),
  rotateLeft: two(0x77),
  fromI64: one(0xa7),
} as const;

export const i64 = {
  constant: (value: bigint): Code => [0x42, ...encodeSigned64(value)],
  load: load(0x29),
  store: store(0x37),
  equal: two(0x51),
  lessSigned: two(0x53),
  greaterSigned: two(0x55),
  greaterUnsigned: two(0x56),
  notLessSigned: two(0x59),
  notLessUnsigned: two(0x5a),
  leadingZeros: one(0x79),
  add: two(0x7c),
  subtract: two(0x7d),
  and: two(0x83),
  or: two(0x84),
  xor: two(0x85),
  shiftLeft: two(0x86),
  shiftRight: two(0x88),
  fromI32: one(0xad),
} as const;

const vector = 0xfd;
/** The bytes of the eight at an address, the last one first; what comes behind them does not matter. */
const reversed = [7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8];

/**
 * Eight bytes as a big-endian number. There is no instruction for it but with vectors: load64_zero, shuffle, extract_lane,
 * which are three instructions of a processor, where shifts and masks would be a dozen.
 */
export function loadBigEndian64(address: Code, offset = 0): Code {
  const loaded = [...address, vector, ...encodeUnsigned(0x5d), 0, ...encodeUnsigned(offset)];
  // Both operands of a shuffle have to be there.
  const twice = [...loaded, vector, ...encodeUnsigned(0x0c), ...new Array<number>(16).fill(0)];
  return [...twice, vector, ...encodeUnsigned(0x0d), ...reversed, vector, ...encodeUnsigned(0x1d), 0];
}

export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly number[];
  readonly result: number;
  /** Behind the parameters, in this order. */
  readonly variables: readonly number[];
  readonly body: Code;
}

/** A module that imports `env.memory` and exports one function. Sections are of the binary format, section 5.5. */
export function moduleOf({ name, parameters, result, variables, body }: WasmFunction): Uint8Array<ArrayBuffer> {
  const section = (id: number, content: Code) => [id, ...encodeUnsigned(content.length), ...content];
  const text = (word: string) => [word.length, ...Buffer.from(word, 'latin1')];
  const locals = [...encodeUnsigned(variables.length), ...variables.flatMap((type) => [1, type])];
  const code = [...locals, ...body, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, parameters.length, ...parameters, 1, result]),
    ...section(2, [1, ...text('env'), ...text('memory'), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text(name), 0, 0]),
    ...section(10, [1, ...encodeUnsigned(code.length), ...code]),
  ]);
}
