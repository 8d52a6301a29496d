import { kernelStateAt, openKernel, type KernelFunction } from '../bytes/kernel-memory.ts';
import {
  finish,
  forever,
  get,
  i32,
  i64,
  loadBigEndian64,
  moduleOf,
  set,
  typeI32,
  typeI64,
  when,
  type Code,
} from '../bytes/wasm-code.ts';

/**
 * Decodes the samples of an XOR chunk, hashes each and adds it up, in WebAssembly: what xor.ts, sample-digest.ts and
 * series-accumulator.ts do for one sample after the other, and ten times as fast, since JavaScript has no numbers of 64 bits
 * but doubles (docs/bench.md). It goes on until a sample lies outside of the stretch of time that is being added up, or the
 * chunk ends, or cannot be believed; then it returns, and goes on from there when it is called again. The sample that it
 * stands before has been decoded and not counted.
 */

/** What it returns. */
export const xorEnd = { done: 0, otherStretch: 1, damaged: 2 } as const;

/** Where what lies in its state, in bytes. Numbers of 64 bits begin at multiples of eight. */
export const xorState = {
  /** Position of the next bit, counted from the beginning of the memory. */
  bit: 0,
  /** Behind the last bit. */
  endBit: 4,
  time: 8,
  delta: 16,
  value: 24,
  /** Significant bits of the window, and zeros behind them. */
  significant: 32,
  trailing: 36,
  /** Samples that are not counted yet, the decoded one among them. */
  left: 40,
  /** 1 where the decoded sample is the first: then the time of the next one is `delta` later. */
  isFirst: 44,
  from: 48,
  /** Length of the stretch. */
  span: 56,
  seedA: 64,
  seedB: 68,
  samples: 72,
  staleMarkers: 76,
  a: 80,
  b: 84,
  firstTime: 88,
  lastTime: 96,
} as const;

export const xorStateBytes = 104;

type Field = keyof typeof xorState;

/** The function's variables: all fields, by the order of this list, then what is needed for one sample. */
const fields = Object.keys(xorState) as readonly Field[];
const wide: ReadonlySet<Field> = new Set(['time', 'delta', 'value', 'from', 'span', 'firstTime', 'lastTime']);
/** These come out as they went in. */
const constants: ReadonlySet<Field> = new Set(['endBit', 'from', 'span', 'seedA', 'seedB']);
const variableOf = (field: Field): number => 1 + fields.indexOf(field);
const own = { bits: fields.length + 1, ones: 0, size: 0, lane: 0, timeLow: 0, timeHigh: 0, valueLow: 0, valueHigh: 0 };
Object.keys(own).forEach((name, index) => (own[name as keyof typeof own] = fields.length + 1 + index));

const state = get(0);
const the = (field: Field): Code => get(variableOf(field));
const put = (field: Field, value: Code): Code => set(variableOf(field), value);
const keep = (name: keyof typeof own, value: Code): Code => set(own[name], value);
const kept = (name: keyof typeof own): Code => get(own[name]);
const word = i32.constant;
const long = (value: number | bigint): Code => i64.constant(BigInt(value));
const increase = (field: Field, by: Code): Code => put(field, i32.add(the(field), by));

function loadState(): Code {
  return fields.flatMap((field) => put(field, (wide.has(field) ? i64 : i32).load(state, xorState[field])));
}

function leave(how: number): Code {
  const changed = fields.filter((field) => !constants.has(field));
  const stored = changed.flatMap((field) => (wide.has(field) ? i64 : i32).store(state, xorState[field], the(field)));
  return [...stored, ...finish(word(how))];
}

/** At least 57 bits from a position on, the first of them as the sign. */
function bitsAt(position: Code): Code {
  const whole = loadBigEndian64(i32.shiftRight(position, word(3)));
  return i64.shiftLeft(whole, i64.fromI32(i32.and(position, word(7))));
}

/** All 64 bits from a position on. */
function wholeAt(position: Code): Code {
  const upper = i64.and(bitsAt(position), long(0xffffffff00000000n));
  return i64.or(upper, i64.shiftRight(bitsAt(i32.add(position, word(32))), long(32)));
}

const largest = BigInt(Number.MAX_SAFE_INTEGER);

/** A time that a double cannot hold is damage, as it is in xor.ts. */
function requireSafe(value: Code): Code {
  const isUnsafe = i64.greaterUnsigned(i64.add(value, long(largest)), long(2n * largest));
  return when(isUnsafe, [leave(xorEnd.damaged)]);
}

/** MurmurHash3's rounds, as sample-digest.ts has them: what a word brings, and how a lane takes it. */
function scrambled(value: Code): Code {
  const rotated = i32.rotateLeft(i32.multiply(value, word(0xcc9e2d51 | 0)), word(15));
  return i32.multiply(rotated, word(0x1b873593));
}

function mixed(lane: Code, scrambledWord: Code): Code {
  const rotated = i32.rotateLeft(i32.xor(lane, scrambledWord), word(13));
  return i32.add(i32.multiply(rotated, word(5)), word(0xe6546b64 | 0));
}

/** Adds a lane to its sum once each of its bits is spread over all of it. */
function addFinished(sum: 'a' | 'b'): Code {
  const fold = (by: number) => keep('lane', i32.xor(kept('lane'), i32.shiftRight(kept('lane'), word(by))));
  const times = (factor: number) => keep('lane', i32.multiply(kept('lane'), word(factor | 0)));
  return [
    ...fold(16),
    ...times(0x85ebca6b),
    ...fold(13),
    ...times(0xc2b2ae35),
    ...fold(16),
    ...increase(sum, kept('lane')),
  ];
}

function hashCode(): Code {
  const upper = (value: Code) => i32.fromI64(i64.shiftRight(value, long(32)));
  const words = [
    keep('timeLow', scrambled(i32.fromI64(the('time')))),
    keep('timeHigh', scrambled(upper(the('time')))),
    keep('valueLow', scrambled(i32.fromI64(the('value')))),
    keep('valueHigh', scrambled(upper(the('value')))),
  ];
  const [tl, th, vl, vh] = [kept('timeLow'), kept('timeHigh'), kept('valueLow'), kept('valueHigh')] as const;
  return [
    ...words.flat(),
    ...keep('lane', mixed(mixed(mixed(mixed(the('seedA'), tl), th), vl), vh)),
    ...addFinished('a'),
    ...keep('lane', mixed(mixed(mixed(mixed(the('seedB'), vl), vh), tl), th)),
    ...addFinished('b'),
  ];
}

const staleMarker = 0x7ff0000000000002n;

function countCode(): Code {
  const isStale = i64.equal(the('value'), long(staleMarker));
  const isFirst = i32.isZero(the('samples'));
  const counted = [
    when(isFirst, [put('firstTime', the('time'))]),
    put('lastTime', the('time')),
    increase('samples', word(1)),
    hashCode(),
  ];
  return when(isStale, [increase('staleMarkers', word(1))], counted);
}

/** `0`, or one to four ones and a delta of deltas in 14, 17, 20 or 64 bits; `bits` are those at `bit`, and after it again. */
function timeCode(): Code {
  const unset = i64.xor(kept('bits'), long(-1));
  const short = [
    keep('size', i32.add(i32.multiply(kept('ones'), word(3)), word(11))),
    increase('bit', i32.add(kept('ones'), word(1))),
    keep('bits', i64.shiftLeft(kept('bits'), i64.fromI32(i32.add(kept('ones'), word(1))))),
    keep('bits', i64.shiftRight(kept('bits'), i64.fromI32(i32.subtract(word(64), kept('size'))))),
    increase('bit', kept('size')),
    // As in Go, the upper half of the numbers is negative, but for its smallest.
    when(i64.greaterSigned(kept('bits'), i64.shiftLeft(long(1), i64.fromI32(i32.subtract(kept('size'), word(1))))), [
      keep('bits', i64.subtract(kept('bits'), i64.shiftLeft(long(1), i64.fromI32(kept('size'))))),
    ]),
  ];
  const whole = [
    increase('bit', word(4)),
    keep('bits', wholeAt(the('bit'))),
    increase('bit', word(64)),
    requireSafe(kept('bits')),
  ];
  const changed = [
    keep('ones', i32.fromI64(i64.leadingZeros(unset))),
    when(i32.lessSigned(kept('ones'), word(4)), short, whole),
    put('delta', i64.add(the('delta'), kept('bits'))),
    requireSafe(the('delta')),
    keep('bits', bitsAt(the('bit'))),
  ];
  const same = [increase('bit', word(1)), keep('bits', i64.shiftLeft(kept('bits'), long(1)))];
  const later = when(i64.lessSigned(kept('bits'), long(0)), changed, same);
  return [
    ...when(the('isFirst'), [put('isFirst', word(0))], [later]),
    ...put('time', i64.add(the('time'), the('delta'))),
    ...requireSafe(the('time')),
  ];
}

/** `0` unchanged, `10` in the same window, `11` in a new one. */
function valueCode(): Code {
  const next = (skip: number) => i64.shiftLeft(kept('bits'), long(skip));
  const newWindow = [
    put('trailing', i32.fromI64(i64.shiftRight(next(2), long(59)))),
    put('significant', i32.fromI64(i64.shiftRight(next(7), long(58)))),
    // 64 does not fit in six bits and overflows to 0.
    when(i32.isZero(the('significant')), [put('significant', word(64))]),
    put('trailing', i32.subtract(i32.subtract(word(64), the('trailing')), the('significant'))),
    when(i32.lessSigned(the('trailing'), word(0)), [leave(xorEnd.damaged)]),
    increase('bit', word(13)),
  ];
  const changed = [
    when(i64.lessSigned(next(1), long(0)), newWindow, [increase('bit', word(2))]),
    when(
      i32.greaterSigned(the('significant'), word(57)),
      [keep('bits', wholeAt(the('bit')))],
      [keep('bits', bitsAt(the('bit')))],
    ),
    keep('bits', i64.shiftRight(kept('bits'), i64.fromI32(i32.subtract(word(64), the('significant'))))),
    put('value', i64.xor(the('value'), i64.shiftLeft(kept('bits'), i64.fromI32(the('trailing'))))),
    increase('bit', the('significant')),
  ];
  return when(i64.lessSigned(kept('bits'), long(0)), changed, [increase('bit', word(1))]);
}

function functionBody(): Code {
  const isOutside = i64.notLessUnsigned(i64.subtract(the('time'), the('from')), the('span'));
  return [
    ...loadState(),
    ...forever([
      when(isOutside, [leave(xorEnd.otherStretch)]),
      countCode(),
      put('left', i32.subtract(the('left'), word(1))),
      when(i32.isZero(the('left')), [leave(xorEnd.done)]),
      keep('bits', bitsAt(the('bit'))),
      timeCode(),
      valueCode(),
      when(i32.greaterSigned(the('bit'), the('endBit')), [leave(xorEnd.damaged)]),
    ]),
  ];
}

let kernel: KernelFunction | undefined;

/** Goes on with what stands in the state. */
export function runXorKernel(): number {
  kernel ??= openXorKernel();
  return kernel(kernelStateAt);
}

function openXorKernel(): KernelFunction {
  const variables = [
    ...fields.map((field) => (wide.has(field) ? typeI64 : typeI32)),
    ...Object.keys(own).map((name) => (name === 'bits' ? typeI64 : typeI32)),
  ];
  const module = { name: 'decode', parameters: [typeI32], result: typeI32, variables, body: functionBody() };
  return openKernel(moduleOf(module), module.name);
}
