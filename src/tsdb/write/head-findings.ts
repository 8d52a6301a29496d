import { renderLabels, type Findings } from '../findings.ts';
import type { SeriesLabels } from './series-labels.ts';

const nowhere = { offset: null, series: null, fromMs: null, toMs: null };

/** What is said of a head while its samples are written. */
export class HeadFindings {
  private readonly findings: Findings;
  private readonly labels: SeriesLabels;
  private lostStarts = 0;
  private impossible = 0;

  constructor(findings: Findings, labels: SeriesLabels) {
    this.findings = findings;
    this.labels = labels;
  }

  addConflict(series: number, timeMs: number): void {
    this.findings.add({
      ...nowhere,
      rule: 'conflicting-values',
      severity: 'warning',
      file: 'wbl',
      series: renderLabels(this.labels.labelsOf(series)),
      fromMs: timeMs,
      toMs: timeMs,
      message:
        'The head holds different values of one series at one time: the one that came in order, or else first, is kept.',
      remedy: 'Nothing needs to be done: Prometheus returns one of them as well.',
    });
  }

  /** Prometheus would not have written such labels. */
  addBadSeries(labels: readonly Uint8Array[], mistake: string, samples: number): void {
    this.findings.add({
      ...nowhere,
      rule: 'bad-labels',
      severity: 'error',
      file: 'wal',
      series: renderLabels(labels),
      message: `${mistake}: no block can hold it, and ${samples} samples of it are left out.`,
      remedy: 'Keep the directory that they come from.',
    });
  }

  /** The time at which a counter began is no time: the sample itself is kept. */
  noteLostStart(): void {
    this.lostStarts += 1;
  }

  /** A sample that no chunk can hold. */
  noteImpossible(): void {
    this.impossible += 1;
  }

  /** Tells what was counted. */
  end(): void {
    if (this.lostStarts > 0) {
      this.findings.add({
        ...nowhere,
        rule: 'start-times-lost',
        severity: 'warning',
        file: 'wal',
        message: `${this.lostStarts} samples say that their counter began at a time that does not exist: they are kept without it.`,
        remedy: 'Nothing needs to be done: values and times of the samples are the same.',
      });
    }
    if (this.impossible === 0) return;
    this.findings.add({
      ...nowhere,
      rule: 'out-of-range',
      severity: 'error',
      file: 'wal',
      message: `${this.impossible} samples have a time or a histogram schema that no block can hold: they are left out.`,
      remedy: 'Keep the directory that they come from.',
    });
  }
}
