import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { removeHalfMadeFiles, writeFileAtomically } from '../../files/atomic-file.ts';
import type { BrokenSegment } from '../check/find-broken-segments.ts';
import type { TornEnd } from '../check/find-wal-faults.ts';
import { crc32c } from '../bytes/crc32c.ts';
import { full, pageBytes } from '../head/wal-fragment.ts';
import { emptiedMark } from '../head/wal-zeros.ts';
import { ByteWriter } from './byte-writer.ts';

const logs = ['wal', 'wbl'] as const;

/**
 * Replaces each segment by one in which those records are the zeros that end a page, which every reader passes over, with a
 * mark before them in each page, so that they are not taken for records that a crash has zeroed. What has another name for the old segment, as what was set aside, keeps it. May be called again after a crash anywhere.
 */
export async function mendSegments(dataDirectory: string, broken: readonly BrokenSegment[]): Promise<void> {
  for (const log of logs) {
    if (broken.some(({ path }) => path.startsWith(`${log}/`))) await removeHalfMadeFiles(join(dataDirectory, log));
  }
  for (const { path, orphans } of broken) {
    const segment = join(dataDirectory, path);
    const bytes = await readFile(segment);
    for (const { from, to } of orphans) empty(bytes, from, to);
    await writeFileAtomically(segment, bytes, { mode: (await stat(segment)).mode & 0o777 });
  }
}

/**
 * Replaces a segment by its first bytes, which are whole records. Prometheus would cut the rest off too, and would then not
 * read wbl/ (head.go Init returns with the fault before it comes to that), which its next compaction of late samples deletes.
 * Of a segment of wbl/, 2.42 would cut that of wal/ with the same number.
 */
export async function cutTornEnd(dataDirectory: string, { path, wholeBytes }: TornEnd): Promise<void> {
  await removeHalfMadeFiles(join(dataDirectory, dirname(path)));
  const segment = join(dataDirectory, path);
  const bytes = await readFile(segment);
  await writeFileAtomically(segment, bytes.subarray(0, wholeBytes), { mode: (await stat(segment)).mode & 0o777 });
}

/** A segment may stop within the header of what is emptied. */
function empty(bytes: Uint8Array, from: number, end: number): void {
  const to = Math.min(end, bytes.length);
  bytes.fill(0, from, to);
  const mark = new ByteWriter().byte(full).be16(emptiedMark.length).be32(crc32c(emptiedMark)).put(emptiedMark).written;
  for (let at = from; at < to; at = nextPage(at)) {
    if (Math.min(nextPage(at), to) - at >= mark.length) bytes.set(mark, at);
  }
}

function nextPage(at: number): number {
  return (Math.floor(at / pageBytes) + 1) * pageBytes;
}
