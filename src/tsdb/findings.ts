import { basename, dirname } from 'node:path';
import type { TsdbFinding } from '../model/tsdb-inventory.ts';
import { isBlockName } from './block-name.ts';
import type { BlockDamage } from './block/block-reader.ts';
import type { LeftBehind } from './compare/left-behind.ts';
import type { Damage } from './damage.ts';
import type { ChunkSnapshot } from './head/chunk-snapshot.ts';
import { describeDropped } from './head/describe-dropped.ts';
import { describeWalFault, walFaultRemedy } from './head/describe-wal-fault.ts';
import type { Dropped } from './head/dropped-samples.ts';
import type { WalFault } from './head/wal-layout.ts';
import type { Doubtful } from './inventory/late-samples.ts';
import type { SampleTimes } from './inventory/sample-span.ts';
import type { HiddenChunks } from './head/hidden-chunks.ts';
import type { NamelessChunks } from './head/nameless-chunks.ts';
import type { Conflict } from './inventory/merge-blocks.ts';

/** Beyond this many of one severity, findings are counted and no longer listed: one lost file can hit every series. */
const mostListed = 1000;

export interface FindingsState {
  readonly listed: readonly TsdbFinding[];
  /** Of each severity, those that are not listed among them. */
  readonly counts: Readonly<Record<TsdbFinding['severity'], number>>;
}

const severities = ['error', 'warning', 'info'] as const;
const plurals = { error: 'errors', warning: 'warnings', info: 'notes' } as const;

/** Collects what a walk over a TSDB sees, as findings. */
export class Findings {
  private readonly listed: TsdbFinding[] = [];
  private readonly counts = { error: 0, warning: 0, info: 0 };

  /** How many findings are errors, those that are not listed among them. */
  get errors(): number {
    return this.counts.error;
  }

  /** However many notes there are, they take no error its place. */
  add(finding: TsdbFinding): void {
    this.counts[finding.severity] += 1;
    if (this.counts[finding.severity] <= mostListed) this.listed.push(finding);
  }

  /** For those of another thread, or of a larger whole. */
  takeState(): FindingsState {
    return { listed: this.listed, counts: this.counts };
  }

  addState({ listed, counts }: FindingsState): void {
    for (const finding of listed) this.add(finding);
    for (const severity of severities) {
      const ofThese = listed.filter((finding) => finding.severity === severity).length;
      this.counts[severity] += counts[severity] - ofThese;
    }
  }

  /** In the order in which they came, and then how many of each severity are left out. */
  list(): readonly TsdbFinding[] {
    const more = severities.filter((severity) => this.counts[severity] > mostListed);
    return [...this.listed, ...more.map((severity) => moreFindings(severity, this.counts[severity] - mostListed))];
  }

  addBlockDamage({ file, offset, damage, labels, fromMs, toMs }: BlockDamage): void {
    this.add({
      rule: damage.rule,
      severity: 'error',
      file,
      offset,
      series: labels === null ? null : renderLabels(labels),
      fromMs,
      toMs,
      message: `${file} at byte ${offset}: ${damage.message}. What it held is not counted.`,
      remedy:
        damage.rule === 'unreadable'
          ? `Run it as a user who may read all of ${dirname(file)}; where the disk cannot give it, put the block back from a copy.`
          : 'Put the block back from a copy, or run `holdfast repair` on the directory, which keeps all that is whole; `holdfast check` on it says what is damaged.',
    });
  }

  /** What Prometheus passes over is no loss; what it would read is missing in all that is said. */
  addLink(path: string): void {
    const isPassedOver = isBlockName(path) || path.startsWith('chunk_snapshot.');
    const isCheckpoint = /^checkpoint\./.test(basename(path));
    const consequence = isPassedOver
      ? 'Prometheus takes no notice of it, and nothing behind it is read.'
      : `nothing behind it is read here, and ${isCheckpoint ? 'Prometheus does not start on it' : 'Prometheus would follow it'}.`;
    this.add({
      ...nowhere,
      rule: 'symbolic-link',
      severity: isPassedOver ? 'info' : 'error',
      file: path,
      offset: null,
      message: `${path} is a symbolic link where a directory belongs: ${consequence}`,
      remedy: isPassedOver
        ? 'Put the directory itself in its place if it is to be read.'
        : 'Put the directory itself in its place (a bind mount will do), then run the same command again.',
    });
  }

  /** A torn tail is what a crash leaves, and Prometheus cuts it off; anything else hides what follows. */
  addHeadDamage(file: string, damage: Damage, isTorn: boolean): void {
    const { rule, offset, message } = damage;
    // Pages that were emptied on purpose bear a mark: of any other nobody knows what was there.
    if (rule === 'zero-filled') {
      this.add({
        ...nowhere,
        rule,
        severity: isTorn ? 'warning' : 'error',
        ...{ file, offset },
        message: `${file} at byte ${offset}: ${message}. It is what a crash of a server or client of NFS leaves.`,
        remedy:
          'Put the segment back from a copy, or run `holdfast repair` on the directory, before Prometheus is started on it.',
      });
      return;
    }
    this.add({
      ...nowhere,
      rule: isTorn ? 'torn-tail' : rule,
      severity: isTorn ? 'info' : 'error',
      file,
      offset,
      message: isTorn
        ? `${file} ends within a record, as after a crash or while it is written.`
        : `${file} at byte ${offset}: ${message}. Prometheus drops everything behind it when it starts.`,
      remedy: isTorn
        ? 'Nothing needs to be done.'
        : 'Copy the directory, or run `holdfast repair` on it, before Prometheus is started on it.',
    });
  }

  addHole(missing: string, unread: readonly string[]): void {
    this.add({
      ...nowhere,
      rule: 'missing-segment',
      severity: 'error',
      file: unread[0] ?? missing,
      offset: null,
      message: `Segment ${missing} is missing before ${unread[0] ?? 'the end'}: Prometheus does not start, and ${unread.length} segments are not counted.`,
      remedy: 'Put the segment back from a copy, or run `holdfast repair` on the directory.',
    });
  }

  addHiddenChunks({ path, offset }: HiddenChunks): void {
    this.add({
      ...{ ...nowhere, rule: 'bad-structure', severity: 'error', file: path, offset },
      message: `${path} at byte ${offset}: there is more behind the zeros that end a head chunk file. Prometheus passes over it, and it is not counted.`,
      remedy: 'Run `holdfast repair` on the directory, which moves the file aside where the WAL holds what was in it.',
    });
  }

  /** What a start does not take of the names in wal/ or wbl/. A hole is told by whoever comes to it. */
  addWalFault(fault: WalFault): void {
    const words = fault.kind === 'missing' ? undefined : describeWalFault(fault);
    if (words === undefined) return;
    this.add({ ...nowhere, ...words, severity: 'error', offset: null, remedy: walFaultRemedy });
  }

  /** Prometheus would read it with the feature that has written it, and with none would not miss it. */
  addSnapshotBeyondWal({ name, segment, offset }: ChunkSnapshot): void {
    this.add({
      ...nowhere,
      rule: 'snapshot-beyond-wal',
      severity: 'error',
      file: name,
      offset: null,
      message: `${name} was taken when the WAL reached to byte ${offset} of segment ${segment}, which it does not now: samples that nothing else holds may be in it, and it is not counted.`,
      remedy: 'Put the missing part of wal/ back from a copy, before a Prometheus is started on the directory.',
    });
  }

  /** No error is logged for these: without a WAL there is nothing that Prometheus would look them up for. */
  addNamelessChunks({ samples, fromMs, toMs }: NamelessChunks): void {
    this.add({
      ...{ rule: 'unknown-series', severity: 'error', file: 'chunks_head', offset: null, series: null, fromMs, toMs },
      message: `There is nothing left of wal/, which alone says whose the ${samples} samples in chunks_head/ are: Prometheus drops them, and they are not counted.`,
      remedy: 'Put wal/ back from a copy, before a Prometheus is started on the directory.',
    });
  }

  /** Prometheus logs them as "Unknown series references" and drops them as well. */
  addStrangers(samples: number): void {
    this.add({
      ...nowhere,
      rule: 'unknown-series',
      severity: 'warning',
      file: 'wal',
      offset: null,
      message: `${samples} samples in wal/ are of series whose labels were never written, as of those first seen on a full disk: Prometheus drops them when it starts, and they are not counted.`,
      remedy:
        'Nothing can be done on the disk; a Prometheus that has run since still answers them until it is stopped.',
    });
  }

  addDropped(directory: 'wal' | 'chunks_head', dropped: Dropped): void {
    this.add({ ...nowhere, ...describeDropped(directory, dropped) });
  }

  /** Samples that came out of order and that are counted, though not every Prometheus answers them. */
  addDoubtful({ doubt, samples, fromMs, toMs }: Doubtful): void {
    const { file, message, ...rest } = doubts[doubt];
    this.add({
      ...{ file, offset: null, series: null, fromMs, toMs },
      message: `${file}/ holds ${samples} samples that came out of order, ${message}`,
      ...rest,
    });
  }

  /** Prometheus deletes the block whatever it holds, since another one names it or it is marked (db.go reloadBlocks). */
  addLeftBehind({ block, samples, missing, fromMs, toMs }: LeftBehind): void {
    this.add({
      ...{ rule: 'replaced-holds-more', severity: 'warning', file: block, offset: null, series: null, fromMs, toMs },
      message: `Block ${block} is marked as replaced by another one, but ${missing} of its ${samples} samples are nowhere else here: Prometheus deletes the block when it starts, and they are not counted.`,
      remedy: `Copy the directory ${block} to another place before a Prometheus is started on this one.`,
    });
  }

  /** Of blocks it is told of each (addConflict). */
  addLateConflicts({ samples, fromMs, toMs }: SampleTimes): void {
    this.add({
      ...{ rule: 'conflicting-values', severity: 'warning', file: 'wbl', offset: null, series: null, fromMs, toMs },
      message: `${samples} samples that came out of order have another value than their series has there already: Prometheus returns one of the two, and not always the same; one of them is counted.`,
      remedy: 'Say which values are right, and keep a copy of the directory: a compaction will leave one of each.',
    });
  }

  addConflict({ labels, timeMs }: Conflict): void {
    this.add({
      ...nowhere,
      rule: 'conflicting-values',
      severity: 'warning',
      file: '',
      offset: null,
      series: renderLabels(labels),
      fromMs: timeMs,
      toMs: timeMs,
      message: 'Two blocks hold different values of one series at one time; Prometheus returns one of them.',
      remedy: 'Keep the block whose values are right, and move the other one aside.',
    });
  }
}

function moreFindings(severity: TsdbFinding['severity'], count: number): TsdbFinding {
  return {
    ...nowhere,
    ...{ rule: 'more-findings', severity, file: '.', offset: null },
    message: `${count} more ${plurals[severity]} are counted and not listed: the first ${mostListed} are.`,
    remedy: 'Begin with those that are listed, then run the same command again.',
  };
}

const nowhere = { series: null, fromMs: null, toMs: null };

/** `name{job="x"}`, as PromQL writes it. */
export function renderLabels(labels: readonly Uint8Array[]): string {
  const text = labels.map((part) => Buffer.from(part).toString('utf8'));
  const pairs: string[] = [];
  let metric = '';
  for (let index = 0; index < text.length; index += 2) {
    const [name = '', value = ''] = [text[index], text[index + 1]];
    if (name === '__name__') metric = value;
    else pairs.push(`${name}=${JSON.stringify(value)}`);
  }
  return `${metric}{${pairs.join(',')}}`;
}

const keepAsBlocks =
  'Keep the directory: `holdfast rescue stitch` writes them into blocks; a Prometheus that still runs cuts them into one by itself within hours.';
const isDropped = 'they are counted, but Prometheus drops all or most of them when it starts.';

/** Of those of an older reference nobody can say how many each version drops. */
const doubts: Readonly<
  Record<Doubtful['doubt'], Pick<TsdbFinding, 'rule' | 'severity' | 'file' | 'message' | 'remedy'>>
> = {
  'old-reference': {
    rule: 'replayed-twice',
    severity: 'warning',
    file: 'chunks_head',
    message: `of series that wal/ begins anew with another reference, and no block holds them: ${isDropped}`,
    remedy: keepAsBlocks,
  },
  marked: {
    rule: 'mapped-nowhere',
    severity: 'warning',
    file: 'wbl',
    message: `with a marker behind them which says that a head chunk holds them, and none does, as where Prometheus was killed while it cut a block of them: ${isDropped}`,
    remedy: keepAsBlocks,
  },
  hidden: {
    rule: 'late-under-deletion',
    severity: 'info',
    file: 'wbl',
    message:
      'at times that were deleted of their series: they are counted, since Prometheus 2 answers them, and Prometheus 3 does as soon as it has cut a block of them.',
    remedy: 'Nothing to do. Delete them once more when they are in a block, if they are not wanted.',
  },
};
