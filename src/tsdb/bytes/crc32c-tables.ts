const polynomial = 0x82f63b78;

/** Tables of 256 for `count` bytes at once: number k, byte b is the checksum of b followed by k zero bytes. */
export function crc32cTables(count: number): Int32Array<ArrayBuffer> {
  const made = new Int32Array(count * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    made[byte] = crc;
  }
  for (let at = 256; at < made.length; at += 1) {
    const shorter = made[at - 256] as number;
    made[at] = (made[shorter & 255] as number) ^ (shorter >>> 8);
  }
  return made;
}
