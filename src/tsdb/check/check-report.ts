import type { TsdbFinding } from '../../model/tsdb-inventory.ts';
import { findErrno } from '../../files/fs-errors.ts';
import type { FileWindow } from '../bytes/file-window.ts';
import type { LeftBehind } from '../compare/left-behind.ts';
import { Damage } from '../damage.ts';
import type { ChunkSnapshot } from '../head/chunk-snapshot.ts';
import type { NamelessChunks } from '../head/nameless-chunks.ts';
import type { Doubtful } from '../inventory/late-samples.ts';
import { Findings, renderLabels, type FindingsState } from '../findings.ts';
import { findZeroRun } from '../bytes/zero-run.ts';

/** What a finding is about. */
export interface Place {
  readonly file: string;
  readonly offset?: number | null;
  readonly series?: readonly Uint8Array[] | null;
  readonly fromMs?: number | null;
  readonly toMs?: number | null;
}

/** A part of a file that is damaged: zeros in it are named as such. */
export interface DamagedPart {
  readonly window: FileWindow;
  /** Where it begins, if not at the offset of the place. */
  readonly from?: number;
  /** Exclusive. */
  readonly to: number;
}

/** Takes what a check sees, each with its rule, its place and what to do about it. */
export class CheckReport {
  private readonly findings = new Findings();
  /** Said at the end of each error: what the thing is that should be replaced, as `block 01...`. */
  remedy = restoreRemedy('it');

  get errors(): number {
    return this.findings.errors;
  }

  /** What the report of a part holds, for that of the whole. */
  takeState(): FindingsState {
    return this.findings.takeState();
  }

  addState(state: FindingsState): void {
    this.findings.addState(state);
  }

  list(): readonly TsdbFinding[] {
    return this.findings.list();
  }

  snapshotBeyondWal(snapshot: ChunkSnapshot): void {
    this.findings.addSnapshotBeyondWal(snapshot);
  }

  namelessChunks(chunks: NamelessChunks): void {
    this.findings.addNamelessChunks(chunks);
  }

  leftBehind(left: LeftBehind): void {
    this.findings.addLeftBehind(left);
  }

  falselyMarked(marked: Doubtful): void {
    this.findings.addDoubtful(marked);
  }

  link(path: string): void {
    this.findings.addLink(path);
  }

  error(rule: string, place: Place, message: string): void {
    this.add({ rule, severity: 'error' }, place, { message, remedy: this.remedy });
  }

  warning(rule: string, place: Place, message: string, remedy: string): void {
    this.add({ rule, severity: 'warning' }, place, { message, remedy });
  }

  info(rule: string, place: Place, message: string, remedy = 'Nothing needs to be done.'): void {
    this.add({ rule, severity: 'info' }, place, { message, remedy });
  }

  /** `offset` of the place is where the damaged part begins. */
  damage(place: Place, damage: Damage, part?: DamagedPart): void {
    const from = place.offset ?? 0;
    const zeros =
      part === undefined ? undefined : findZeroRun(part.window, part.from ?? from, Math.max(part.to, from + 1));
    if (zeros === undefined) {
      this.error(damage.rule, place, `${place.file} at byte ${from}: ${damage.message}.`);
      return;
    }
    const message = `${place.file}: bytes ${zeros.from} to ${zeros.to} are all zero, as after a crash of a server or client of NFS: ${damage.message}.`;
    this.error('zero-filled', place, message);
  }

  /** Does it, and tells what a file's content or the disk says against it. Returns whether it was done. */
  guard(file: string, action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      if (error instanceof Damage) this.damage({ file, offset: error.offset }, error);
      else if (!this.tellUnreadable(file, error)) throw error;
      return false;
    }
  }

  /** False where the error is no word of the file system. */
  tellUnreadable(file: string, error: unknown): boolean {
    const errno = findErrno(error);
    if (errno === undefined || !(error instanceof Error)) return false;
    const isClosed = errno === 'EACCES' || errno === 'EPERM';
    const remedy = isClosed ? 'Make it readable for this user, then run the same command again.' : this.remedy;
    const message = `${file} cannot be read: ${error.message}.`;
    this.add({ rule: 'unreadable', severity: 'error' }, { file }, { message, remedy });
    return true;
  }

  private add(
    { rule, severity }: Pick<TsdbFinding, 'rule' | 'severity'>,
    { file, offset = null, series = null, fromMs = null, toMs = null }: Place,
    words: Pick<TsdbFinding, 'message' | 'remedy'>,
  ): void {
    const labels = series === null ? null : renderLabels(series);
    this.findings.add({ rule, severity, file, offset, series: labels, fromMs, toMs, ...words });
  }
}

/** A copy has all of it; a repair, what is whole. */
export function restoreRemedy(what: string): string {
  return `Keep the directory as it is, and put ${what} back from a copy before Prometheus compacts or deletes it; without a copy, run \`holdfast repair\` on the directory, which keeps all that is whole.`;
}
