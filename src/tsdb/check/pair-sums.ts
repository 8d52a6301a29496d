const bucketCount = 1 << 13;

/**
 * Compares two sets of (label pair, series) without keeping either: what is added and what is taken away must cancel out.
 * Each element is hashed, and the hashes are summed in one of 8192 buckets by its pair, so that memory stays the same
 * whatever the number of pairs, and a difference names few pairs. Two sums of 32 bits and a count stand for the set.
 */
export class PairSums {
  private readonly counts = new Int32Array(bucketCount);
  private readonly low = new Int32Array(bucketCount);
  private readonly high = new Int32Array(bucketCount);

  /** `pair` as pairOf gives it. */
  add(pair: number, reference: number): void {
    this.sum(pair, reference, 1);
  }

  remove(pair: number, reference: number): void {
    this.sum(pair, reference, -1);
  }

  isEmpty(): boolean {
    for (let bucket = 0; bucket < bucketCount; bucket += 1) if (!this.isEven(bucket)) return false;
    return true;
  }

  /** True where what was added for the bucket of this pair is what was taken away. */
  agrees(pair: number): boolean {
    return this.isEven(bucketOf(pair));
  }

  private isEven(bucket: number): boolean {
    return this.counts[bucket] === 0 && this.low[bucket] === 0 && this.high[bucket] === 0;
  }

  private sum(pair: number, reference: number, sign: 1 | -1): void {
    const bucket = bucketOf(pair);
    // Assigning to an Int32Array wraps.
    this.counts[bucket] = (this.counts[bucket] as number) + sign;
    this.low[bucket] = (this.low[bucket] as number) + sign * lowHash(pair, reference);
    this.high[bucket] = (this.high[bucket] as number) + sign * highHash(pair, reference);
  }
}

/** One number for a name and a value, out of their hashes. */
export function pairOf(nameHash: number, valueHash: number): number {
  return finish(Math.imul(nameHash, 0x9e3779b1) ^ finish(valueHash));
}

export function lowHash(pair: number, reference: number): number {
  return finish(pair ^ Math.imul(reference, 0xcc9e2d51));
}

export function highHash(pair: number, reference: number): number {
  return finish((pair + Math.imul(reference, 0x27d4eb2f)) | 0);
}

function bucketOf(pair: number): number {
  return pair & (bucketCount - 1);
}

/** The last rounds of MurmurHash3. */
function finish(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
