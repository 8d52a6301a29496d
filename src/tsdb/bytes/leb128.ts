/** LEB128, as WebAssembly writes its numbers (core specification, section 5.2.2). */
export function encodeUnsigned(value: number): readonly number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest & 127) | 128);
  }
}

/** Of a 32-bit number; the highest bit of the last seven is its sign. */
export function encodeSigned(value: number): readonly number[] {
  return encodeSigned64(BigInt(value));
}

export function encodeSigned64(value: bigint): readonly number[] {
  const bytes: number[] = [];
  for (let rest = BigInt.asIntN(64, value); ; rest >>= 7n) {
    const group = Number(rest & 127n);
    if (rest >= -64n && rest < 64n) return [...bytes, group];
    bytes.push(group | 128);
  }
}
