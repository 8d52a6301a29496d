import { seedOfLabels, type SeriesSeed } from '../inventory/sample-digest.ts';
import { SeedIndex } from '../inventory/seed-index.ts';
import { ReferenceIndex } from './reference-index.ts';

/** The series of the head: each once, however many references the WAL knows it by. Kept in columns, some 70 bytes each. */
export class HeadSeries {
  private readonly byReference = new ReferenceIndex();
  private readonly bySeed = new SeedIndex();
  private readonly jobIndexes = new Map<string, number>();
  readonly jobs: string[] = [];
  private seeds = new Uint32Array(2048);
  private jobOfSeries = new Uint32Array(1024);
  /** The newest sample that was taken of each. */
  newest = new Float64Array(1024).fill(-Infinity);
  /** The reference of the last record that tells the labels of each, and which record of the WAL that is. */
  private references = new Float64Array(1024);
  beganAt = new Uint32Array(1024);

  get size(): number {
    return this.bySeed.size;
  }

  find(reference: number): number | undefined {
    return this.byReference.get(reference);
  }

  add(reference: number, labels: readonly Uint8Array[], job: string): number {
    const seed = seedOfLabels(labels);
    const before = this.bySeed.size;
    const index = this.bySeed.add(seed);
    if (index === before) this.append(index, seed, job);
    this.byReference.set(reference, index);
    return index;
  }

  /** What came before is forgotten. */
  begin(index: number, reference: number, record: number): void {
    this.references[index] = reference;
    this.beganAt[index] = record;
  }

  /** Until it begins anew. */
  endAll(index: number): void {
    this.begin(index, noReference, never);
  }

  isGone(index: number): boolean {
    return this.beganAt[index] === never;
  }

  /** Whether its chunks are those with this reference. */
  isNamed(index: number, reference: number): boolean {
    return this.references[index] === reference;
  }

  /** Series stay; each is found again by a reference once `add` has told it. */
  forgetReferences(): void {
    this.byReference.clear();
  }

  seedAt(index: number): SeriesSeed {
    return { a: this.seeds[2 * index] as number, b: this.seeds[2 * index + 1] as number };
  }

  jobAt(index: number): number {
    return this.jobOfSeries[index] as number;
  }

  private append(index: number, seed: SeriesSeed, job: string): void {
    if (index === this.newest.length) this.grow();
    this.seeds[2 * index] = seed.a;
    this.seeds[2 * index + 1] = seed.b;
    this.jobOfSeries[index] = this.indexOfJob(job);
  }

  private indexOfJob(job: string): number {
    const known = this.jobIndexes.get(job);
    if (known !== undefined) return known;
    this.jobIndexes.set(job, this.jobs.length);
    this.jobs.push(job);
    return this.jobs.length - 1;
  }

  private grow(): void {
    const length = 2 * this.newest.length;
    const seeds = new Uint32Array(2 * length);
    seeds.set(this.seeds);
    const jobs = new Uint32Array(length);
    jobs.set(this.jobOfSeries);
    const newest = new Float64Array(length).fill(-Infinity);
    newest.set(this.newest);
    this.seeds = seeds;
    this.jobOfSeries = jobs;
    this.newest = newest;
    const references = new Float64Array(length);
    references.set(this.references);
    const beganAt = new Uint32Array(length);
    beganAt.set(this.beganAt);
    this.references = references;
    this.beganAt = beganAt;
  }
}

/** More records than a WAL has. */
const never = 0xffffffff;
const noReference = -1;
