import { BlockReader, type BlockDamage } from '../block/block-reader.ts';
import { isStaleMarker, type HistogramSample, type SampleSink } from '../chunk/sample-sink.ts';
import { quietFiles } from '../files/quiet-files.ts';
import { hashed, hashFloat, hashHistogram, seedOfLabels, type SeriesSeed } from '../inventory/sample-digest.ts';
import type { SpooledSample } from './sample-fragment.ts';
import { readSpooledHistogram } from './spooled-histogram.ts';

/** Adds up the samples of a block as an inventory does (docs/format/digest.md), to see that it holds what was put in. */
export class SampleSums implements SampleSink {
  private samples = 0;
  private staleMarkers = 0;
  private a = 0;
  private b = 0;
  private seed: SeriesSeed = { a: 0, b: 0 };

  startSeries(labels: readonly Uint8Array[]): void {
    this.seed = seedOfLabels(labels);
  }

  add({ timeMs, high, low, histogram }: SpooledSample): void {
    if (histogram === undefined) this.float(timeMs, high, low);
    else {
      const { sample, isStale } = readSpooledHistogram(histogram);
      this.histogram(timeMs, sample, isStale);
    }
  }

  float(timeMs: number, high: number, low: number): void {
    if (isStaleMarker(high, low)) this.staleMarkers += 1;
    else {
      hashFloat(this.seed, timeMs, high, low);
      this.addHashed();
    }
  }

  histogram(timeMs: number, sample: HistogramSample, isStale: boolean): void {
    if (isStale) this.staleMarkers += 1;
    else {
      hashHistogram(this.seed, timeMs, sample);
      this.addHashed();
    }
  }

  equals(other: SampleSums): boolean {
    const { samples, staleMarkers, a, b } = other;
    return this.samples === samples && this.staleMarkers === staleMarkers && this.a === a && this.b === b;
  }

  private addHashed(): void {
    this.samples += 1;
    this.a = (this.a + hashed.a) >>> 0;
    this.b = (this.b + hashed.b) >>> 0;
  }
}

/** Reads a block with the reader that reads every block. Throws where it cannot be read or holds something else. */
export function verifyBlock(directory: string, name: string, put: SampleSums): void {
  const onDamage = ({ file, offset, damage }: BlockDamage): void => {
    throw new Error(`The new block does not read back: ${file} at byte ${offset}: ${damage.message}.`);
  };
  const found = new SampleSums();
  const reader = new BlockReader(quietFiles(directory), name, { seriesCount: null, onDamage });
  try {
    for (const entry of reader.series()) {
      found.startSeries(entry.labels);
      reader.readSamples(entry, found);
    }
  } finally {
    reader.close();
  }
  if (!found.equals(put)) throw new Error('The new block holds other samples than were written.');
}
