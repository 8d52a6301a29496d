import type { TsdbFinding } from '../../model/tsdb-inventory.ts';
import type { Dropped } from './dropped-samples.ts';

type Words = Pick<TsdbFinding, 'rule' | 'severity' | 'message' | 'remedy'>;

/** What of a head does not count, as a finding. */
export function describeDropped(directory: 'wal' | 'chunks_head', dropped: Dropped): Omit<TsdbFinding, 'series'> {
  const { fromMs, toMs } = dropped;
  return { file: directory, offset: null, fromMs, toMs, ...wordsOf[dropped.why](directory, dropped) };
}

const wordsOf: Readonly<Record<Dropped['why'], (directory: string, dropped: Dropped) => Words>> = {
  /** Prometheus takes for compacted what it has replayed of a series when a record tells its labels once more. */
  'begins-anew': (directory, { series, samples }) => ({
    rule: 'replayed-twice',
    severity: 'warning',
    message: `${directory}/ begins ${series} series anew, as where segments were copied or a block is missing, and holds ${samples} samples of them before that: Prometheus drops these when it starts, and they are not counted.`,
    remedy:
      'Keep the directory, and put back the block that held these times, if there was one: the files here still hold them until Prometheus cuts its next block.',
  }),
  /** head_wal.go loadWAL of 2.42 does not map the references of deletions. */
  'further-reference': (_, { series, samples }) => ({
    rule: 'deleted-by-further-reference',
    severity: 'warning',
    message: `${samples} samples of ${series} series in the head are deleted under a further reference of their series, as where it was gone for a while: Prometheus 3 does not answer them, and they are not counted, but Prometheus 2.42 answers them again from its next start on, and writes them into its next block.`,
    remedy:
      'Keep the directory where they are still wanted. Else delete them once more after the next start of Prometheus 2.42.',
  }),
  /** Prometheus itself reads such a record. */
  unheld: (_, { samples }) => ({
    rule: 'out-of-range',
    severity: 'error',
    message: `${samples} entries of the head have a time or a reference beyond 2^53, which Prometheus reads and which is not counted here: no proof covers them.`,
    remedy: 'Keep the directory: nothing of it is damaged.',
  }),
};
