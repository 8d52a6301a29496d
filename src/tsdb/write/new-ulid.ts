const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const timeDigits = 10;

/** The name of a new block: 48 bits of time and 80 random ones in Crockford's base 32 (github.com/oklog/ulid). */
export function newUlid(nowMs: number, random: Uint8Array): string {
  let time = '';
  let rest = nowMs;
  for (let digit = 0; digit < timeDigits; digit += 1) {
    time = (alphabet[rest % 32] as string) + time;
    rest = Math.floor(rest / 32);
  }
  const bits = BigInt(`0x${Buffer.from(random.subarray(0, 10)).toString('hex')}`);
  let tail = '';
  for (let digit = 0n; digit < 16n; digit += 1n)
    tail = (alphabet[Number((bits >> (5n * digit)) & 31n)] as string) + tail;
  return time + tail;
}
