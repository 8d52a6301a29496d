export interface KindOfEntry {
  readonly name: string;
  readonly kind: string;
}

/**
 * What lies directly in a data directory under a name that Prometheus opens, and is of another kind than it expects there, so
 * that it does not start. Of wal/ and wbl/, wal-layout.ts says more.
 */
export function findWrongKinds(
  entries: readonly KindOfEntry[],
): readonly { readonly path: string; readonly why: string }[] {
  return entries.flatMap(({ name, kind }) => {
    if (name === 'chunks_head' && kind === 'file')
      return { path: name, why: 'is no directory: Prometheus does not start' };
    if (!files.has(name) || kind !== 'directory') return [];
    return { path: name, why: 'is a directory where Prometheus writes a file: it does not start' };
  });
}

/** query_logger.go, dir_locker.go */
const files: ReadonlySet<string> = new Set(['queries.active', 'lock']);
