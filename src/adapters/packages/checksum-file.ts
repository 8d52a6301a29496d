/**
 * The SHA-256 that a checksum file names for an archive, in lower case; undefined where it names none. Reads
 * `HEX  NAME` lines as sha256sum writes them (`HEX *NAME` for binary, `./NAME`), and a file that is one bare sum, as
 * Grafana publishes it. Two different sums for one name are none.
 */
export function findChecksum(text: string, archive: string): string | undefined {
  const bare = /^\s*([0-9a-f]{64})\s*$/i.exec(text);
  if (bare?.[1] !== undefined) return bare[1].toLowerCase();
  const sums = new Set<string>();
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]{64})\s+\*?(?:\.\/)?(\S+)\s*$/i.exec(line);
    if (match?.[1] !== undefined && match[2] === archive) sums.add(match[1].toLowerCase());
  }
  const [sum] = sums;
  return sums.size === 1 ? sum : undefined;
}
