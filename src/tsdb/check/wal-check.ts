import { join } from 'node:path';
import type { FileWindow } from '../bytes/file-window.ts';
import { Damage } from '../damage.ts';
import { checkSnapshotRecord } from '../head/chunk-snapshot.ts';
import { listNumbered } from '../head/head-chunks.ts';
import { describeWalFault, walFaultRemedy } from '../head/describe-wal-fault.ts';
import { listWal, type WalFile } from '../head/wal-directory.ts';
import { surveyLayout, type WalFault } from '../head/wal-layout.ts';
import { noSink, parseRecord } from '../head/wal-records.ts';
import { fragmentHeaderBytes, pageBytes } from '../head/wal-fragment.ts';
import { readSegment, type WalFragment } from '../head/wal-segment.ts';
import { describeBehind, lookBehind } from './behind-damage.ts';
import { openWindow, type CheckContext } from './check-context.ts';
import { restoreRemedy, type CheckReport } from './check-report.ts';

const reservedBits = 0xe0;
const bothCompressions = 0x18;

/** Every record of wal/ or wbl/ and of its newest checkpoint, and the segments that Prometheus does not reach. */
export function checkWal(context: CheckContext, directory: 'wal' | 'wbl'): void {
  const { report } = context;
  const listing = listWal(context.files, directory);
  report.remedy = walFaultRemedy;
  const { faults } = surveyLayout(context.listEntries, directory);
  for (const fault of faults) tellFault(report, fault);
  report.remedy = restoreRemedy(`${directory}/`);
  const strays = new Set(faults.flatMap((fault) => (fault.kind === 'stray' ? [fault.path] : [])));
  const unread = (listing.hole?.unread ?? []).map((path, index, all) => ({ path, isLast: index === all.length - 1 }));
  for (const file of [...listing.files, ...unread]) {
    if (!strays.has(file.path)) checkSegment(context, file, ({ bytes }) => parseRecord(bytes, noSink));
  }
}

function tellFault(report: CheckReport, fault: WalFault): void {
  const words = describeWalFault(fault);
  if (words !== undefined) report.error(words.rule, { file: words.file }, words.message);
}

/** A chunk snapshot is made of segments, with records of its own kinds. Prometheus reads the WAL where it is damaged. */
export function checkSnapshot(context: CheckContext, directory: string): void {
  context.report.remedy = 'Remove the snapshot: Prometheus reads the WAL instead of one that it cannot read.';
  for (const name of listNumbered(context.files, directory)) {
    checkSegment(context, { path: join(directory, name), isLast: false, isSnapshot: true }, ({ bytes }) =>
      checkSnapshotRecord(bytes),
    );
  }
}

function checkSegment(
  context: CheckContext,
  { path, isLast, isSnapshot = false }: WalFile & { readonly isSnapshot?: boolean },
  onRecord: (record: { readonly bytes: Uint8Array }) => void,
): void {
  const { report } = context;
  report.guard(path, () => {
    let file;
    try {
      file = openWindow(context, path, 0);
    } catch (error) {
      if (error instanceof Damage && error.rule === 'missing' && !context.isThere(path)) return;
      throw error;
    }
    try {
      const oddities = new Oddities(file.sizeBytes);
      const { damage } = readSegment(file, onRecord, (fragment) => oddities.look(fragment));
      for (const { offset, to, words } of oddities.found) {
        report.damage({ file: path, offset }, new Damage('bad-structure', words, offset), { window: file, to });
      }
      if (oddities.zeroTailAt !== null) tellZeroTail(context, { path, isLast, offset: oddities.zeroTailAt });
      if (damage === null) return;
      if (isLast && damage.rule === 'truncated') {
        tellTornTail(context, { path, offset: damage.offset, sizeBytes: file.sizeBytes });
        return;
      }
      const offset = Math.min(damage.offset, file.sizeBytes);
      const { words, ...times } = isSnapshot ? inSnapshot : sayBehind(file, offset);
      const place = { file: path, offset, ...times };
      report.damage(place, new Damage(damage.rule, `${damage.message}; ${words}`, damage.offset), {
        window: file,
        from: oddities.end,
        to: endOfFragment(file, damage.offset),
      });
    } finally {
      file.close();
    }
  });
}

const inSnapshot = { words: 'Prometheus reads the WAL in its place, which holds the same' };

function sayBehind(file: FileWindow, offset: number) {
  const behind = lookBehind(file, offset);
  const words = `Prometheus drops what is behind it when it starts, though ${describeBehind(behind, offset)}`;
  return { words, fromMs: behind.fromMs, toMs: behind.toMs };
}

/** At the end of wal/, Prometheus cuts it off. */
function tellTornTail(
  { report, isLive }: CheckContext,
  { path, offset, sizeBytes }: { readonly path: string; readonly offset: number; readonly sizeBytes: number },
): void {
  const message = `${path} ends within a record at byte ${sizeBytes}, as after a crash or while it is written.`;
  if (isLive || !path.startsWith('wbl/')) {
    report.info('torn-tail', { file: path, offset }, message);
    return;
  }
  report.remedy =
    'Run `holdfast repair` on the directory, which writes it anew without that end, before Prometheus is started on it; `holdfast up` cuts it off by itself.';
  const words = `${message} A current Prometheus cuts that off; 2.42 cuts wal/ in its place, at the same number and byte, and deletes what is behind, or does not start. Every whole record is still there.`;
  report.error('torn-tail', { file: path, offset }, words);
  report.remedy = restoreRemedy('wbl/');
}

/** At the very end nothing is known to be lost; before a later segment, what was there is gone. */
function tellZeroTail(
  { report }: CheckContext,
  { path, isLast, offset }: { readonly path: string; readonly isLast: boolean; readonly offset: number },
): void {
  const message = `${path} is all zero from byte ${offset} on, as after a crash of a server or client of NFS: samples of the last moments before it may be missing.`;
  if (isLast)
    report.warning('zero-filled', { file: path, offset }, message, 'Nothing can be done: Prometheus passes over it.');
  else report.error('zero-filled', { file: path, offset }, message);
}

/** By its length (wal.md), where it has one. */
function endOfFragment(file: FileWindow, offset: number): number {
  const header = file.readUpTo(Math.min(offset, file.sizeBytes), fragmentHeaderBytes);
  const length = header.length < 3 ? 0 : ((header[1] as number) << 8) | (header[2] as number);
  return Math.min(offset + fragmentHeaderBytes + length, file.sizeBytes);
}

interface Oddity {
  readonly offset: number;
  readonly to: number;
  readonly words: string;
}

const mostOddities = 100;

/** What Prometheus passes over without a word: bits that mean nothing, and pages that were never written. */
class Oddities {
  readonly found: Oddity[] = [];
  /** Where zeros begin that reach to the end of the file from a page on that nothing was written to. */
  zeroTailAt: number | null = null;
  /** Of the last fragment that is whole. */
  end = 0;
  private readonly sizeBytes: number;

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
  }

  look({ flags, at, next }: WalFragment): void {
    this.end = next;
    const isPadding = (flags & 7) === 0;
    if (isPadding) this.lookAtPadding(at, next);
    else {
      this.endZeros(at);
      const odd = (flags & reservedBits) !== 0 || (flags & bothCompressions) === bothCompressions;
      if (odd) this.add({ offset: at, to: at + 1, words: `a record has flags that mean nothing, ${flags}` });
    }
  }

  private lookAtPadding(at: number, next: number): void {
    const isWholePage = at % pageBytes === 0;
    // Only the last page of a segment is left half empty, when the segment is closed.
    const isTooMuch = next - at >= fragmentHeaderBytes && next < this.sizeBytes;
    if (this.zeroTailAt === null && (isWholePage || isTooMuch)) this.zeroTailAt = at;
  }

  /** Something follows the zeros: they are not the end. */
  private endZeros(at: number): void {
    if (this.zeroTailAt === null) return;
    this.add({
      offset: this.zeroTailAt,
      to: at,
      words: 'records that were here are gone, and Prometheus does not notice',
    });
    this.zeroTailAt = null;
  }

  private add(oddity: Oddity): void {
    if (this.found.length < mostOddities) this.found.push(oddity);
  }
}
