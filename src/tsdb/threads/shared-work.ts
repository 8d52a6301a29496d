/**
 * What threads that share one task know of each other: which of its units is the next, and how much all of them have read.
 * It is made by one and given to the others as `cells`.
 */
export class SharedWork {
  readonly cells: BigInt64Array;
  private told = 0;

  constructor(cells: BigInt64Array = new BigInt64Array(new SharedArrayBuffer(16))) {
    this.cells = cells;
  }

  /** The number of a unit that nobody else has or will get, from 0. */
  takeUnit(): number {
    return Number(Atomics.add(this.cells, 0, 1n));
  }

  addBytes(bytes: number): void {
    Atomics.add(this.cells, 1, BigInt(bytes));
  }

  /** Of all threads. */
  get bytes(): number {
    return Number(Atomics.load(this.cells, 1));
  }

  /** What all threads have read since the last call. */
  takeNewBytes(): number {
    const { bytes } = this;
    const fresh = bytes - this.told;
    this.told = bytes;
    return fresh;
  }
}

const tellEveryMs = 100;

/** Waits for a helper, and tells meanwhile how far it is. */
export async function telling<T>(helping: Promise<T>, tell: () => void): Promise<T> {
  const timer = setInterval(tell, tellEveryMs);
  try {
    return await helping;
  } finally {
    clearInterval(timer);
    tell();
  }
}
