import type { WalFault } from './wal-layout.ts';

export interface WalFaultWords {
  readonly rule: string;
  /** Below the data directory. */
  readonly file: string;
  readonly message: string;
}

/** What the names in wal/ or wbl/ say, before any byte of a segment is read. Undefined for a link: whoever opens it says so. */
export function describeWalFault(fault: WalFault): WalFaultWords | undefined {
  switch (fault.kind) {
    case 'missing': {
      const { from, count, before } = fault;
      const many = count === 1 ? `${from} is missing` : `${from} and ${count - 1} more segments are missing`;
      const message = `${many} before ${before}: Prometheus does not start, and reads nothing from there on.`;
      return { rule: 'missing-segment', file: before, message };
    }
    case 'stray':
      return { rule: 'stray-segment', file: fault.path, message: `${fault.path} ${fault.why}.` };
    case 'covered': {
      const [first = ''] = fault.paths;
      const message = `${fault.paths.length} segments from ${first} on are covered by the checkpoint, and are no row with those behind it: Prometheus does not start.`;
      return { rule: 'missing-segment', file: first, message };
    }
    case 'outnumbered': {
      const { checkpoint, paths } = fault;
      const what = paths.length === 0 ? 'No segment' : `None of ${paths.length} segments`;
      const message = `${what} comes behind ${checkpoint}: Prometheus starts, and numbers what it writes so that it does not read it again. Samples since then are not read, and further ones will not be.`;
      return { rule: 'outnumbered-segments', file: checkpoint, message };
    }
    case 'hollow': {
      const message = `${fault.checkpoint} has no ${fault.first}: Prometheus starts without a word, and samples of series that were named there have no labels any more.`;
      return { rule: 'hollow-checkpoint', file: fault.checkpoint, message };
    }
    case 'link':
      return undefined;
  }
}

export const walFaultRemedy =
  'Put it back from a copy, or run `holdfast repair` on the directory, before Prometheus is started on it.';
