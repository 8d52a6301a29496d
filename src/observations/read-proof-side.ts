import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import * as z from 'zod/mini';
import { tsdbInventoryFormat, tsdbInventorySchema } from '../data-root/tsdb-inventory-schema.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { findErrno, fromFsError } from '../files/fs-errors.ts';
import type { TsdbInventory } from '../model/tsdb-inventory.ts';
import type { ProofSide } from '../model/tsdb-proof.ts';
import { findContradiction, type ContradictionOf } from '../rules/find-contradiction.ts';
import { isOpenedPipe, readPipe } from './read-pipe.ts';
import { notThere } from './require-directory.ts';

/** A year of an inventory with a hundred jobs has about a tenth of it. */
const maxBytes = 512 * 2 ** 20;

export interface FileSide {
  readonly side: ProofSide;
  readonly inventory: TsdbInventory;
}

/**
 * The inventory in a file, or in a pipe that the shell has opened: the last line of what `holdfast inventory DIR --json` printed, or what a proof saw on its second
 * side. Undefined for a directory; throws `not-a-directory` for what is not there, `corrupt-file` for an inventory that cannot
 * be true, and `not-an-inventory` for anything else, each with a position.
 */
export async function findFileSide(path: string, signal: AbortSignal): Promise<FileSide | undefined> {
  const text = await readText(path, signal);
  if (text === undefined) return undefined;
  const { value, line } = parseLastLine(path, text);
  if (isObject(value) && 'error' in value && !('kept' in value)) {
    throw refuse(path, `line ${line} is the error that the command ended with`, again);
  }
  if (isObject(value) && 'kept' in value && 'lost' in value) return ofProof(path, value, line);
  if (isObject(value) && 'witness' in value)
    throw refuse(path, 'it is what Prometheus answered in a run', besideIt(path));
  return { side: { path, kind: 'inventory' }, inventory: parseInventory(path, value, `line ${line}`, 'inventory') };
}

/** Earlier inventories have no number, and are of the first. */
function refuseOtherFormat(path: string, { format = 1 }: Record<string, unknown>, known: number): void {
  if (format === known) return;
  const reason = `it has the format ${JSON.stringify(format)}, and this Holdfast reads format ${known}`;
  throw refuse(path, reason, 'Use the Holdfast that wrote it, or a newer one.');
}

const proofFormat = 1;
const again = 'Make it again: holdfast inventory DIR --json > FILE';

function ofProof(path: string, proof: Record<string, unknown>, line: number): FileSide {
  refuseOtherFormat(path, proof, proofFormat);
  if (proof['inventory'] === undefined || proof['inventory'] === null) {
    throw refuse(path, 'it is a proof that holds no inventory of what it saw', besideIt(path));
  }
  const inventory = parseInventory(path, proof['inventory'], `line ${line}, inventory`, 'proof');
  return { side: { path, kind: 'proof' }, inventory };
}

function besideIt(path: string): string {
  const run = /([^/]+)\.json$/.exec(path)?.[1] ?? 'RUN';
  return `Name the data root's inventories/tsdb/${run}.json, or the directory itself.`;
}

/** What has the shape of an inventory but cannot be true is damaged; anything else is none. */
function parseInventory(path: string, value: unknown, where: string, of: ContradictionOf): TsdbInventory {
  if (isObject(value) && 'windows' in value) refuseOtherFormat(path, value, tsdbInventoryFormat);
  const result = z.safeParse(tsdbInventorySchema, value);
  if (result.success) {
    const found = findContradiction(result.data, of);
    if (found === undefined) return result.data;
    throw corrupt(path, `${where}, ${found.at} ${found.words}`);
  }
  const [issue] = result.error.issues;
  const at = issue === undefined || issue.path.length === 0 ? '' : `, ${issue.path.join('.')}`;
  const reason = `${where}${at}: ${issue?.message ?? 'it is none'}`;
  throw isObject(value) && 'totals' in value && Array.isArray(value['windows'])
    ? corrupt(path, reason)
    : refuse(path, reason, again);
}

/** Progress lines may come before it, and somebody may have laid the object out over several lines. */
function parseLastLine(path: string, text: string): { readonly value: unknown; readonly line: number } {
  const trimmed = text.trimEnd();
  const start = trimmed.lastIndexOf('\n') + 1;
  const line = trimmed.slice(0, start).split('\n').length;
  const last = tryParse(trimmed.slice(start));
  if ('value' in last && isObject(last.value)) return { value: last.value, line };
  const whole = tryParse(trimmed);
  if ('value' in whole && isObject(whole.value)) return { value: whole.value, line: 1 };
  if (trimmed === '') throw refuse(path, 'it is empty', again);
  const where = 'column' in last && last.column !== undefined ? `line ${line}, column ${last.column}` : `line ${line}`;
  throw refuse(path, `${where} is not a JSON object, perhaps cut short`, again);
}

function tryParse(text: string): { readonly value: unknown } | { readonly column: number | undefined } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    // Of a short text the parser does not say at which character.
    const position = error instanceof SyntaxError ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
    return { column: position === undefined ? undefined : Number(position) + 1 };
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined for a directory. */
async function readText(path: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    if (await isOpenedPipe(path)) {
      const text = await readPipe(path, { maxBytes, signal });
      if (text === undefined) throw refuse(path, `more than ${maxBytes} bytes come out of it`, again);
      return text;
    }
    // O_NONBLOCK, so that a named pipe in the place of the file does not stop us for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const info = await file.stat();
      if (info.isDirectory()) return undefined;
      if (!info.isFile()) throw refuse(path, 'it is neither a file nor a directory', again);
      if (info.size > maxBytes) throw refuse(path, `it has ${info.size} bytes, more than any inventory has`, again);
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    const errno = findErrno(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') throw await notThere(path, 'Name a directory or an inventory.');
    if (errno === 'ELOOP') throw refuse(path, 'it leads to neither a file, a pipe nor a directory', again);
    throw fromFsError(error, path, 'read');
  }
}

function refuse(path: string, reason: string, remedy: string): HoldfastError {
  return new HoldfastError('not-an-inventory', {
    message: `${path} cannot be compared: ${reason}. It was only looked at.`,
    remedy,
    details: { path, reason },
  });
}

function corrupt(path: string, reason: string): HoldfastError {
  return new HoldfastError('corrupt-file', {
    message: `${path} is an inventory that cannot be true: ${reason}. It was only looked at.`,
    remedy: `Use the file as it was written; if there is none, make it again: holdfast inventory DIR --json > FILE`,
    details: { path, reason },
  });
}
