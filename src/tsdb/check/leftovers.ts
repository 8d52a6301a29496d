import { dirname } from 'node:path';
import { isBlockName } from '../block-meta.ts';
import type { CheckReport } from './check-report.ts';
import type { Entry, Walk } from './walk-directory.ts';

interface Leftover {
  readonly rule: 'leftover' | 'unknown-file';
  readonly words: string;
  readonly remedy: string;
}

const removedByPrometheus = 'Prometheus removes it when it starts.';
const oldest = Number.NEGATIVE_INFINITY;

export interface LeftoversLook {
  readonly report: CheckReport;
  readonly isLive: boolean;
  /** What is told already, with all that lies below. */
  readonly told: readonly string[];
}

/** What lies in a data directory and is no part of it: half-made and half-deleted things, and what nobody knows. */
export function findLeftovers(walk: Walk, { report, isLive, told: before }: LeftoversLook): void {
  const newestCheckpoint = Math.max(oldest, ...walk.entries.map(({ path }) => checkpointNumber(path) ?? oldest));
  const told = [...before];
  for (const entry of walk.entries) {
    if (entry.path === '.' || told.some((path) => entry.path === path || entry.path.startsWith(`${path}/`))) continue;
    const leftover = judge(entry, newestCheckpoint);
    if (leftover === undefined) continue;
    told.push(entry.path);
    const sizeBytes = sizeBelow(walk, entry);
    const under = isLive && leftover.rule === 'leftover' ? ' A running Prometheus may be at work on it.' : '';
    const message = `${entry.path} ${leftover.words} (${sizeBytes} bytes).${under}`;
    report.info(leftover.rule, { file: entry.path }, message, leftover.remedy);
  }
}

function judge(entry: Entry, newestCheckpoint: number): Leftover | undefined {
  const { path, name, kind } = entry;
  if (kind === 'other') return unknown('is neither a file nor a directory, and is not followed');
  if (name.startsWith('.nfs')) {
    const remedy = 'NFS removes it when the last process that has it open ends; if none has, it can be removed.';
    return { rule: 'leftover', words: 'is a file that was deleted while a process had it open on NFS', remedy };
  }
  const extension = /\.tmp(?:-for-creation|-for-deletion)?$/.exec(name)?.[0];
  if (extension !== undefined) return halfMade(entry, extension);
  const checkpoint = checkpointNumber(path);
  if (checkpoint !== undefined && checkpoint < newestCheckpoint) {
    return {
      rule: 'leftover',
      words: 'is an older checkpoint, which is not read',
      remedy: 'Prometheus removes it later.',
    };
  }
  return isKnown(path) ? undefined : unknown('is nothing that Prometheus writes');
}

function halfMade({ name, path }: Entry, extension: string): Leftover {
  const isBlock = isBlockName(name.slice(0, -extension.length)) && dirname(path) === '.';
  const words =
    extension === '.tmp-for-deletion'
      ? 'was being deleted'
      : isBlock
        ? 'is a block that was never finished'
        : 'was never finished';
  const isRemoved = isBlock || /^(?:wal|wbl)\/checkpoint\./.test(path) || name.startsWith('chunk_snapshot.');
  return { rule: 'leftover', words, remedy: isRemoved ? removedByPrometheus : 'It is not read, and can be removed.' };
}

function unknown(words: string): Leftover {
  return { rule: 'unknown-file', words, remedy: 'Nothing reads it here. Look whether it belongs elsewhere.' };
}

function checkpointNumber(path: string): number | undefined {
  const digits = /^wal\/checkpoint\.(\d+)$/.exec(path)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

const block = '[0-7][0-9A-HJKMNP-TV-Z]{25}';
/** Everything that Prometheus makes below its data directory, by its path. */
const known = [
  new RegExp(`^${block}(?:/(?:meta\\.json|index|tombstones|chunks(?:/\\d+)?))?$`),
  /^(?:wal|wbl)(?:\/(?:\d{8,}|checkpoint\.\d{6,}(?:\/\d{8,})?))?$/,
  /^chunks_head(?:\/\d{6,})?$/,
  /^chunk_snapshot\.\d+\.\d+(?:\/\d{8,})?$/,
  /^(?:lock|queries\.active|lost\+found)$/,
  // Copies that the admin API makes; they are data directories of their own.
  /^snapshots(?:\/.*)?$/,
];

/** True for a path below a data directory that Prometheus itself makes. */
export function isKnown(path: string): boolean {
  return known.some((pattern) => pattern.test(path));
}

function sizeBelow({ entries }: Walk, { path, kind, sizeBytes }: Entry): number {
  if (kind !== 'directory') return sizeBytes;
  const below = entries.filter((entry) => entry.kind === 'file' && entry.path.startsWith(`${path}/`));
  return below.reduce((sum, entry) => sum + entry.sizeBytes, 0);
}
