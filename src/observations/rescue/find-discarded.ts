import { basename, dirname } from 'node:path';
import { findDiscardMark } from '../../data-root/discard-files.ts';
import type { DiscardedVolume } from '../../model/found-volume.ts';
import { discardedForMs, parseDiscardedName } from '../../rules/discard-name.ts';

/** The discarded directory that a volume is or lies in, between it and the root of the share; null where there is none. */
export async function findDiscarded(path: string, root: string): Promise<DiscardedVolume | null> {
  for (let at = path; at.startsWith(root); at = dirname(at)) {
    const named = parseDiscardedName(basename(at));
    if (named !== undefined) {
      const mark = await findDiscardMark(at).catch(() => undefined);
      const known = mark?.name === named.name ? mark : undefined;
      const sinceMs = Math.max(named.atMs, known?.discardedAtMs ?? named.atMs);
      return {
        path: at,
        name: named.name,
        sinceMs,
        removableMs: known === undefined ? null : sinceMs + discardedForMs,
        keptIn: known?.proof.keptIn ?? [],
      };
    }
    if (dirname(at) === at) break;
  }
  return null;
}
