/** What a head chunk of samples that came out of order holds (head.go DefaultOutOfOrderCapMax). */
export const samplesPerLateChunk = 32;

/** Of one series, as Prometheus replays the WBL. */
interface Replay {
  /** How many samples it has been told. */
  told: number;
  /** Which of them is the first one of the chunk in memory, and the times in that chunk. */
  chunkFrom: number;
  times: number[];
  /** Ranges of samples that a marker drops, by their number: from and to, exclusive, one after the other. */
  readonly dropped: number[];
}

/**
 * Which samples of the WBL Prometheus does not keep when it starts (head_wal.go loadWBL). It puts them into a chunk in
 * memory again, and cuts that at 32 samples. A marker says that what came before it has been written to chunks_head/, and
 * Prometheus drops the chunk in memory then, without a look at whether that is so: where it was killed after a marker and
 * before that chunk was on the disk, the samples are in the WBL alone, and gone for it.
 *
 * To be told the whole WBL twice: `replay` and `mark` first, and then `isDropped` once for each sample in the same order.
 * Some hundred bytes for each series that has samples in the WBL.
 */
export class MappedLate {
  private readonly bySeries = new Map<number, Replay>();
  private readonly position = new Map<number, { next: number; range: number }>();

  replay(series: number, timeMs: number): void {
    let own = this.bySeries.get(series);
    if (own === undefined) {
      own = { told: 0, chunkFrom: 0, times: [], dropped: [] };
      this.bySeries.set(series, own);
    }
    if (own.times.length === samplesPerLateChunk) begin(own);
    if (!own.times.includes(timeMs)) own.times.push(timeMs);
    own.told += 1;
  }

  /** A marker that counts. */
  mark(series: number): void {
    const own = this.bySeries.get(series);
    if (own === undefined || own.told === own.chunkFrom) return;
    if (own.dropped.at(-1) === own.chunkFrom) own.dropped[own.dropped.length - 1] = own.told;
    else own.dropped.push(own.chunkFrom, own.told);
    begin(own);
  }

  /** Of the next sample of that series. */
  isDropped(series: number): boolean {
    const dropped = this.bySeries.get(series)?.dropped;
    if (dropped === undefined || dropped.length === 0) return false;
    let position = this.position.get(series);
    if (position === undefined) this.position.set(series, (position = { next: 0, range: 0 }));
    const at = position.next++;
    if (at >= (dropped[position.range + 1] ?? Infinity)) position.range += 2;
    return at >= (dropped[position.range] ?? Infinity);
  }
}

function begin(own: Replay): void {
  own.chunkFrom = own.told;
  own.times = [];
}
