import { crc32c } from '../bytes/crc32c.ts';
import type { FileWindow } from '../bytes/file-window.ts';
import { Damage } from '../damage.ts';
import type { CheckReport } from './check-report.ts';
import { be32, checksumOf, eachPiece, readBe32 } from '../bytes/pieces.ts';
import { findNonZero } from '../bytes/zero-run.ts';

const alignment = 4;
const usualBytes = 1 << 16;

export interface RunOptions {
  readonly window: FileWindow;
  readonly path: string;
  readonly report: CheckReport;
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  /** What each section is, as `a postings list`. */
  readonly what: string;
}

/**
 * Sections `len <4b> content CRC32 <4b>` that lie one behind the other, each aligned to four bytes, as an offset table
 * lists them: no byte between the first and the last is left out.
 */
export class SectionRun {
  private readonly options: RunOptions;
  private at: number;
  /** True behind a section whose length cannot be believed. */
  private isLost = false;
  /** False where something was told. */
  isWhole = true;

  constructor(options: RunOptions) {
    this.options = options;
    this.at = options.from;
  }

  /** The next section, which is said to begin at `offset`; gives its content where its checksum is good. */
  take(offset: number, onContent: (from: number, to: number) => void): void {
    const { path } = this.options;
    if (!this.isLost) this.skipPadding();
    if (!this.isLost && offset !== this.at) {
      this.error(
        'bad-structure',
        offset,
        `begins at byte ${offset} of ${path}, and the one before ended at ${this.at}`,
      );
    }
    this.isLost = false;
    this.read(offset, onContent);
  }

  /** Reads the sections without a table. */
  takeAll(): void {
    this.skipPadding();
    while (this.at < this.options.to && this.read(this.at, () => undefined)) this.skipPadding();
  }

  /** Requires that nothing is left. */
  finish(): void {
    if (this.isLost) return;
    this.skipPadding();
    const { to, path, report, window } = this.options;
    if (this.at >= to) return;
    this.isWhole = false;
    const words = `bytes ${this.at} to ${to} are listed nowhere`;
    report.damage({ file: path, offset: this.at }, new Damage('bad-structure', words, this.at), { window, to });
  }

  /** False where nothing says where the next one begins. */
  private read(offset: number, onContent: (from: number, to: number) => void): boolean {
    const { window, path, report, to, what } = this.options;
    let end = Math.min(offset + alignment, to);
    try {
      if (offset < this.options.from || offset + 8 > to) {
        throw new Damage('bad-structure', `${what} begins at byte ${offset}, out of its section`, offset);
      }
      const length = readBe32(window, offset);
      if (offset + 4 + length + 4 > to) {
        throw new Damage('bad-structure', `${what} of ${length} bytes does not fit into its section`, offset);
      }
      end = offset + 4 + length + 4;
      if (!isSumRight(window, offset + 4, end - 4)) {
        throw new Damage('bad-checksum', `${what} has a wrong checksum`, offset);
      }
      this.at = end;
      onContent(offset + 4, end - 4);
      return true;
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      this.isWhole = false;
      this.isLost = this.at !== end;
      report.damage({ file: path, offset }, error, { window, to: end });
      return !this.isLost;
    }
  }

  private skipPadding(): void {
    const { window, to } = this.options;
    const aligned = Math.min(to, Math.ceil(this.at / alignment) * alignment);
    const wrong = aligned === this.at ? undefined : findNonZero(window, this.at, aligned);
    if (wrong !== undefined) this.error('bad-structure', wrong, 'has padding before it that is not zero');
    this.at = aligned;
  }

  private error(rule: string, offset: number, words: string): void {
    this.isWhole = false;
    const { report, path, what } = this.options;
    report.error(rule, { file: path, offset }, `${path} at byte ${offset}: ${what} ${words}.`);
  }
}

function isSumRight(window: FileWindow, from: number, to: number): boolean {
  if (to - from > usualBytes) return checksumOf(window, from, to) === readBe32(window, to);
  const at = window.locate(from, to - from + 4);
  const { bytes } = window;
  return crc32c(bytes, at, at + to - from) === be32(bytes, at + to - from);
}

/** Goes over the four-byte numbers of [from, to). */
export function eachNumber(
  window: FileWindow,
  [from, to]: readonly [number, number],
  onNumber: (value: number) => void,
): void {
  eachPiece(window, [from, to], (bytes, start, end) => {
    for (let at = start; at + 4 <= end; at += 4) onNumber(be32(bytes, at));
  });
}
