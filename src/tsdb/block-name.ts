const ulid = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/i;

/** True for a name that Prometheus takes for a block directory, also in small letters (tsdb/db.go isBlockDir). */
export function isBlockName(name: string): boolean {
  return ulid.test(name);
}
