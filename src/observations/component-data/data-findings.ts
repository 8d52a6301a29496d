import { findErrno } from '../../files/fs-errors.ts';
import type { TsdbFinding } from '../../model/tsdb-inventory.ts';
import { Findings } from '../../tsdb/findings.ts';

/** What a look at the data of a component read, and what it found. */
export interface CheckedData {
  readonly bytes: number;
  readonly findings: readonly TsdbFinding[];
}

const nowhere = { series: null, fromMs: null, toMs: null };

/** Findings about files that hold no series. */
export class DataFindings {
  private readonly findings = new Findings();

  error(rule: string, file: string, { offset }: { readonly offset: number | null }, message: string): void {
    const remedy = 'Copy the file, and put it back from a copy of before; the component must not run meanwhile.';
    this.findings.add({ ...nowhere, rule, severity: 'error', file, offset, message, remedy });
  }

  warning(rule: string, file: string, { offset }: { readonly offset: number | null }, message: string): void {
    const remedy = 'Look whether it is as it should be; nothing needs to be done to the file.';
    this.findings.add({ ...nowhere, rule, severity: 'warning', file, offset, message, remedy });
  }

  /** What would have been looked at and was not. */
  notChecked(file: string, message: string, remedy: string): void {
    this.findings.add({ ...nowhere, rule: 'not-checked', severity: 'warning', file, offset: null, message, remedy });
  }

  info(rule: string, file: string, message: string): void {
    const remedy = 'Nothing needs to be done.';
    this.findings.add({ ...nowhere, rule, severity: 'info', file, offset: null, message, remedy });
  }

  /** Anything but an error of the file system is a fault of ours. */
  unreadable(file: string, error: unknown): void {
    const errno = findErrno(error);
    if (errno === undefined) throw error;
    const remedy = 'Run as a user who may read it.';
    const message = `${file} cannot be read (${errno}).`;
    this.findings.add({ ...nowhere, rule: 'unreadable', severity: 'error', file, offset: null, message, remedy });
  }

  list(): readonly TsdbFinding[] {
    return this.findings.list();
  }
}
