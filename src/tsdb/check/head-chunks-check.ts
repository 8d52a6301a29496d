import { basename, join } from 'node:path';
import { ByteCursor } from '../bytes/byte-cursor.ts';
import type { FileWindow } from '../bytes/file-window.ts';
import { Damage } from '../damage.ts';
import { isUnwritten, listNumbered, readHeadChunkFile, type HeadChunk } from '../head/head-chunks.ts';
import { openWindow, type CheckContext } from './check-context.ts';
import { requireEncoding, sampleCount } from './chunk-head.ts';
import { findNonZero } from '../bytes/zero-run.ts';

const headerBytes = 8;
const checksumBytes = 4;
/** Series, two times and the encoding come before it. */
const lengthAt = 25;
const longestLength = 5;

/** Every chunk of chunks_head/, and that nothing but zeros is behind the last one of a file. */
export function checkHeadChunks(context: CheckContext): void {
  const { report, files } = context;
  const names = listNumbered(files, 'chunks_head');
  names.forEach((name, index) => {
    const path = join('chunks_head', name);
    const before = names[index - 1];
    if (before !== undefined && Number(name) !== Number(before) + 1) tellHole(context, path, before);
    report.remedy = removedRemedy;
    report.guard(path, () => checkFile(context, path, index === names.length - 1));
  });
}

const removedRemedy =
  'Prometheus removes the file when it starts, and reads what the WAL still holds of it: keep a copy.';
const repairRemedy =
  'Run `holdfast repair` on the directory before Prometheus is started on it: it moves the file aside, and what it held is read from the WAL.';

const hiddenRemedy =
  'Prometheus passes over what is there: run `holdfast repair` on the directory, which moves the file aside where the WAL holds what was in it.';

/** chunks/head_chunks.go openMMapFiles: found files are not sequential. */
function tellHole({ report }: CheckContext, path: string, before: string): void {
  const message = `There is no file between chunks_head/${before} and ${path}: Prometheus does not start.`;
  report.remedy = repairRemedy;
  report.error('missing-segment', { file: path }, message);
}

function checkFile(context: CheckContext, path: string, isLast: boolean): void {
  const { report } = context;
  const file = openWindow(context, path, 0);
  let at = headerBytes;
  try {
    if (isLast && isUnwritten(file, Number(basename(path)))) return;
    at = readHeadChunkFile(file, requireSamples);
    checkPadding(context, file);
    const wrong = at < file.sizeBytes ? findNonZero(file, at, file.sizeBytes) : undefined;
    if (wrong === undefined) return;
    report.remedy = hiddenRemedy;
    const message = 'there is more behind the zeros that end a head chunk file';
    report.damage({ file: path, offset: at }, new Damage('bad-structure', message, at), { window: file, to: wrong });
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    const { offset } = error;
    // Then none of them is opened (head_chunks.go openMMapFiles).
    if (offset < headerBytes) report.remedy = repairRemedy;
    if (isLast && isTorn(file, error)) {
      const message = `${path} ends within a chunk at byte ${offset}, as after a crash or while it is written. Prometheus reads it from the WAL.`;
      report.info('torn-tail', { file: path, offset }, message);
    } else
      report.damage({ file: path, offset }, error, {
        window: file,
        to: Math.min(endOfChunk(file, offset), offset + usualBytes),
      });
  } finally {
    file.close();
  }
}

/** Throws Damage, also for an unknown encoding. */
function requireSamples({ encoding, data, minTime, maxTime, offset }: HeadChunk): void {
  requireEncoding(encoding);
  const samples = data.length < 2 ? 0 : sampleCount(encoding, data[0] as number, data[1] as number);
  if (samples > 0 && minTime <= maxTime) return;
  throw new Damage('bad-structure', 'a head chunk holds no sample, or ends before it begins', offset);
}

function checkPadding({ report }: CheckContext, file: FileWindow): void {
  const wrong = findNonZero(file, 5, headerBytes);
  if (wrong === undefined) return;
  const message = `${file.path} at byte ${wrong}: the padding of the header is not zero.`;
  report.error('bad-structure', { file: file.path, offset: wrong }, message);
}

/** The file ends in the chunk, or the chunk's checksum has not been written: it and all behind it is still zero. */
function isTorn(file: FileWindow, { rule, offset }: Damage): boolean {
  if (rule === 'truncated') return offset > 0;
  const end = endOfChunk(file, offset);
  return rule === 'bad-checksum' && findNonZero(file, end - checksumBytes, file.sizeBytes) === undefined;
}

/** By its length (head_chunks.md), where that can be read. */
function endOfChunk(file: FileWindow, offset: number): number {
  if (offset < headerBytes) return Math.min(headerBytes, file.sizeBytes);
  try {
    const cursor = new ByteCursor(file.readUpTo(offset, lengthAt + longestLength), lengthAt);
    const length = cursor.uvarint();
    return Math.min(offset + cursor.at + length + checksumBytes, file.sizeBytes);
  } catch (error) {
    if (error instanceof Damage) return Math.min(offset + lengthAt, file.sizeBytes);
    throw error;
  }
}

/** A length that is damaged may reach into the zeros that the file is filled with in advance. */
const usualBytes = 4096;
