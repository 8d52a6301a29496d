import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { makePrivateDirectory } from '../files/private-directory.ts';
import { findTextFile, parseJsonFile } from '../files/read-json-file.ts';
import type { CountedBytes } from '../model/inventory.ts';
import type { TsdbInventory } from '../model/tsdb-inventory.ts';
import { tsdbInventoryFormat, tsdbInventorySchema } from './tsdb-inventory-schema.ts';

const maxBytes = 512 * 2 ** 20;

/** inventories/tsdb/RUN.json, beside the inventory that it belongs to: a folder, so that nobody takes it for a run's own. */
export function tsdbInventoryPath(inventoryFile: string): string {
  return join(dirname(inventoryFile), 'tsdb', basename(inventoryFile));
}

/** Writes it before the inventory, which then says what it must be. */
export async function writeTsdbInventory(inventoryFile: string, inventory: TsdbInventory): Promise<CountedBytes> {
  const path = tsdbInventoryPath(inventoryFile);
  const text = `${JSON.stringify({ format: tsdbInventoryFormat, ...inventory })}\n`;
  await makePrivateDirectory(dirname(path));
  await writeFileAtomically(path, text, { mode: 0o600 });
  const { completeToMs, totals } = inventory;
  return { completeToMs, series: totals.series, samples: totals.samples, sha256: hashOf(text) };
}

/** Throws `corrupt-file` where it is missing or not the one that was written: a proof is owed against it. */
export async function readTsdbInventory(inventoryFile: string, counted: CountedBytes): Promise<TsdbInventory> {
  const path = tsdbInventoryPath(inventoryFile);
  const text = await findTextFile(path, maxBytes);
  if (text === undefined) throw corrupt(path, 'it is missing');
  if (hashOf(text) !== counted.sha256) throw corrupt(path, 'it is not the one that its inventory names');
  return parseJsonFile(path, text, tsdbInventorySchema, tsdbInventoryFormat);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function corrupt(path: string, reason: string): HoldfastError {
  return new HoldfastError('corrupt-file', {
    message: `${path} cannot be used: ${reason}. It was left as it is.`,
    remedy: `Put back ${path} from a copy of the data root.`,
    details: { path, reason },
  });
}
