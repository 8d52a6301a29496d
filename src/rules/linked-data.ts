import { join } from 'node:path';
import { HoldfastError } from '../errors/holdfast-error.ts';

/** What a Prometheus replays when it starts. */
const parts: ReadonlySet<string> = new Set(['wal', 'wbl', 'chunks_head']);

/**
 * Prometheus would follow such a link. What lies there is neither looked through before the start nor counted, so that a
 * loss of it would be said by nobody. `links` are below the data directory. Undefined where none matters.
 */
export function linkedDataRefusal(dataDirectory: string, links: readonly string[]): HoldfastError | undefined {
  const link = links.find((path) => parts.has(path));
  if (link === undefined) return undefined;
  const path = join(dataDirectory, link);
  return new HoldfastError('linked-data', {
    message: `${path} is a symbolic link, which is never followed: what lies there would be neither looked through before the start nor proven after it. Prometheus was not started, and nothing was changed.`,
    remedy: `Put the directory that it leads to in its place: remove the link, and move or mount that directory at ${path}.`,
    details: { path },
  });
}
