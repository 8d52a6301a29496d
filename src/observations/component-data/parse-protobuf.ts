import { Damage } from '../../tsdb/damage.ts';

/** What a field of a message is. A message is given by its own fields. */
export type FieldKind = 'string' | 'bytes' | 'bool' | 'uint32' | 'int64' | 'uint64s' | 'double' | MessageSchema;

export interface FieldSchema {
  readonly name: string;
  readonly kind: FieldKind;
  readonly isRepeated?: boolean;
}

/** By the numbers of the fields. */
export interface MessageSchema {
  readonly fields: Readonly<Record<number, FieldSchema>>;
}

/** A parsed message: what is absent is undefined, what is repeated is a list. */
export interface ParsedMessage {
  readonly values: ReadonlyMap<string, unknown>;
  /** Numbers of the first few fields that the schema does not know, with their places. */
  readonly unknown: readonly { readonly number: number; readonly offset: number }[];
}

/**
 * Parses a message of protocol buffers (protobuf.dev, "Encoding") of which nothing is believed: every length is checked
 * before it is used, and how deep it goes is for the schema to say. Throws Damage with the place in `bytes`.
 */
export function parseMessage(bytes: Uint8Array, schema: MessageSchema): ParsedMessage {
  const unknown: { number: number; offset: number }[] = [];
  return { values: parseFields(new WireCursor(bytes, 0, bytes.length), schema, unknown), unknown };
}

/** One is enough to say that there are some. */
const mostUnknown = 10;

function parseFields(
  cursor: WireCursor,
  schema: MessageSchema,
  unknown: { number: number; offset: number }[],
): Map<string, unknown> {
  const values = new Map<string, unknown>();
  while (cursor.left > 0) {
    const offset = cursor.at;
    const tag = cursor.varint();
    const number = Number(tag >> 3n);
    if (number < 1 || number > 0x1fffffff) throw new Damage('bad-structure', `${number} is no field`, offset);
    const wire = Number(tag & 7n);
    const field = schema.fields[number];
    if (field === undefined) {
      cursor.skip(wire, offset);
      if (unknown.length < mostUnknown) unknown.push({ number, offset });
      continue;
    }
    const value = parseValue(cursor, { field, wire, offset }, unknown);
    if (field.isRepeated !== true) values.set(field.name, value);
    else if (!values.has(field.name)) values.set(field.name, [value]);
    else (values.get(field.name) as unknown[]).push(value);
  }
  return values;
}

interface FieldPlace {
  readonly field: FieldSchema;
  readonly wire: number;
  readonly offset: number;
}

const varintWire = 0;
const fixed64Wire = 1;
const lengthWire = 2;
const fixed32Wire = 5;

function parseValue(
  cursor: WireCursor,
  { field, wire, offset }: FieldPlace,
  unknown: { number: number; offset: number }[],
): unknown {
  const { kind, name } = field;
  const expected =
    kind === 'double'
      ? fixed64Wire
      : kind === 'bool' || kind === 'uint32' || kind === 'int64'
        ? varintWire
        : lengthWire;
  // A list of numbers may come packed or one by one.
  if (wire !== expected && !(kind === 'uint64s' && wire === varintWire)) {
    throw new Damage('bad-structure', `${name} has the wire type ${wire} in the place of ${expected}`, offset);
  }
  if (typeof kind === 'object') return parseFields(cursor.part(), kind, unknown);
  switch (kind) {
    case 'string':
      return readText(cursor, name, offset);
    case 'bytes':
      return cursor.take().length;
    case 'uint64s':
      return wire === varintWire ? Number(cursor.varint() >= 0n) : countPacked(cursor.part());
    case 'double':
      cursor.need(8);
      cursor.at += 8;
      return undefined;
    case 'bool':
    case 'uint32':
      return Number(BigInt.asUintN(32, cursor.varint()));
    case 'int64':
      return Number(BigInt.asIntN(64, cursor.varint()));
  }
}

function countPacked(cursor: WireCursor): number {
  let count = 0;
  for (; cursor.left > 0; count += 1) cursor.skipVarint();
  return count;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function readText(cursor: WireCursor, name: string, offset: number): string {
  const bytes = cursor.take();
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Damage('bad-structure', `${name} is not UTF-8`, offset);
  }
}

class WireCursor {
  private readonly bytes: Uint8Array;
  at: number;
  private readonly end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  need(count: number): void {
    if (count <= this.left) return;
    throw new Damage('truncated', `${count} bytes are wanted and ${this.left} are left`, this.at);
  }

  varint(): bigint {
    const from = this.at;
    const parsed = readVarint(this.bytes, from, this.end);
    if (parsed === undefined) {
      const rule = this.end - from < 10 ? 'truncated' : 'out-of-range';
      throw new Damage(rule, 'a variable-length number has no end', from);
    }
    this.at += parsed.size;
    return parsed.value;
  }

  /** As varint, for what comes by the thousand and whose value is of no matter. */
  skipVarint(): void {
    const from = this.at;
    while (this.at < this.end && (this.bytes[this.at] as number) >= 0x80 && this.at - from < 9) this.at += 1;
    const last = this.bytes[this.at];
    if (this.at === this.end || last === undefined) {
      throw new Damage('truncated', 'a variable-length number has no end', from);
    }
    if (last >= 0x80 || (this.at - from === 9 && last > 1)) {
      throw new Damage('out-of-range', 'a variable-length number has no end', from);
    }
    this.at += 1;
  }

  /** Bytes that a number before them counts. */
  take(): Uint8Array {
    const from = this.length();
    return this.bytes.subarray(from, this.at);
  }

  part(): WireCursor {
    const from = this.length();
    return new WireCursor(this.bytes, from, this.at);
  }

  skip(wire: number, offset: number): void {
    if (wire === varintWire) this.varint();
    else if (wire === lengthWire) this.length();
    else if (wire === fixed64Wire || wire === fixed32Wire) {
      const count = wire === fixed64Wire ? 8 : 4;
      this.need(count);
      this.at += count;
    } else throw new Damage('bad-structure', `the wire type ${wire} is in no message of today`, offset);
  }

  private length(): number {
    const from = this.at;
    const length = this.varint();
    if (length > BigInt(this.left))
      throw new Damage('truncated', `${length} bytes are wanted and ${this.left} are left`, from);
    const begin = this.at;
    this.at += Number(length);
    return begin;
  }
}

/** At most ten bytes, of which the last may hold one bit; undefined where it has no end or too many bits. */
export function readVarint(
  bytes: Uint8Array,
  at: number,
  end: number,
): { readonly value: bigint; readonly size: number } | undefined {
  let value = 0n;
  for (let size = 1; size <= 10 && at + size <= end; size += 1) {
    const byte = bytes[at + size - 1] as number;
    if (size === 10 && byte > 1) return undefined;
    value |= BigInt(byte & 0x7f) << BigInt(7 * (size - 1));
    if (byte < 0x80) return { value, size };
  }
  return undefined;
}
