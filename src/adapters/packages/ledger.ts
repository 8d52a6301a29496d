import { join } from 'node:path';
import * as z from 'zod';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { writeFileAtomically } from '../../files/atomic-file.ts';
import { findJsonFile } from '../../files/read-json-file.ts';
import type { StoreContext } from './store-context.ts';

const hexSchema = z.string().regex(/^[0-9a-f]{64}$/);
const ledgerSchema = z.object({ format: z.literal(1), id: z.string(), archiveSha256: hexSchema });

/**
 * Refuses with `program-changed` an archive that is not the one that was installed under the same id before. The ledger
 * outlives the entry, so that a damaged entry is only ever replaced by the same one.
 */
export async function refuseChangedArchive(context: StoreContext, id: string, archiveSha256: string): Promise<void> {
  const path = ledgerPath(context, id);
  const known = await findJsonFile(path, ledgerSchema, { maxBytes: 65_536 });
  if (known === undefined || known.archiveSha256 === archiveSha256) return;
  throw new HoldfastError('program-changed', {
    message: `${id} is published with SHA-256 ${archiveSha256} now, and ${known.archiveSha256} was installed under that version before. Nothing was downloaded or changed.`,
    remedy: `Ask its publisher which one is right; to take the new one, remove ${path}.`,
    details: { id, archiveSha256, recordedSha256: known.archiveSha256, path },
  });
}

export async function recordArchive(context: StoreContext, id: string, archiveSha256: string): Promise<void> {
  const text = `${JSON.stringify({ format: 1, id, archiveSha256 }, null, 2)}\n`;
  await writeFileAtomically(ledgerPath(context, id), text, { mode: 0o600 });
}

function ledgerPath(context: StoreContext, id: string): string {
  return join(context.cacheRoot, 'ledger', `${id}.json`);
}
