import type { BlockMeta } from '../../model/block.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import type { Findings } from '../findings.ts';
import { isSameRecord, observeBlock, lookAtOpened, type BlockLook, type BlockRecord } from './block-stamp.ts';
import { readBlockTimes } from './block-times.ts';
import type { CachedBlocks, CachedUnit } from './cache-text.ts';
import type { LateTimes } from './late-times.ts';
import type { UnitTimes } from './unit-times.ts';

export interface UnitReaderOptions {
  readonly files: TsdbFiles;
  readonly late: LateTimes;
  readonly findings: Findings;
  readonly onRead: (bytes: number) => void;
  readonly nowMs: number;
  /** What was known of these blocks; undefined for nothing. */
  readonly known: CachedBlocks | undefined;
}

/** Gives the times of blocks, from what is known of them where they are still the same, else from their bytes. */
export class UnitReader {
  hits = 0;
  misses = 0;
  sizeBytes = 0;
  private readonly options: UnitReaderOptions;
  private readonly look: BlockLook;
  private readonly knownBlocks: ReadonlyMap<string, BlockRecord>;
  private readonly knownUnits: ReadonlyMap<string, CachedUnit>;
  /** As they are now. */
  private readonly records = new Map<string, BlockRecord>();
  private readonly units: CachedUnit[] = [];
  private isNew = false;

  constructor(options: UnitReaderOptions) {
    this.options = options;
    this.look = lookAtOpened(options.files);
    this.knownBlocks = new Map(options.known?.blocks.map((block) => [block.ulid, block]));
    this.knownUnits = new Map(options.known?.units.map((unit) => [unit.of.join(), unit]));
  }

  /** All blocks there are, those that a compaction has replaced among them. */
  begin(blocks: readonly BlockMeta[]): void {
    for (const block of blocks) {
      const { sizeBytes, record } = this.observe(block);
      this.sizeBytes += sizeBytes;
      if (record !== null) this.records.set(block.ulid, record);
    }
  }

  /** One block, or several that overlap. */
  read(group: readonly BlockMeta[]): UnitTimes {
    const of = group.map(({ ulid }) => ulid);
    const known = of.every((ulid) => this.isUnchanged(ulid)) ? this.knownUnits.get(of.join()) : undefined;
    if (known !== undefined) this.units.push(known);
    // What came late may be in these as well: only reading tells.
    const isLate = group.some((block) => this.options.late.reachInto(block));
    if (known !== undefined && !isLate) {
      this.hits += group.length;
      this.options.onRead(this.bytesOf(of));
      return known.times;
    }
    this.misses += group.length;
    const { times, isWhole } = this.readBytes(group);
    if (known === undefined && !isLate && isWhole && group.every((block) => this.isStillTheSame(block))) {
      this.units.push({ of, times });
      this.isNew = true;
    }
    return times;
  }

  /** What the cache is to hold; undefined where it holds that already. */
  forNextTime(): CachedBlocks | undefined {
    const blocks = [...this.records.values()];
    const isOther = blocks.length !== this.knownBlocks.size || !blocks.every(({ ulid }) => this.isUnchanged(ulid));
    if (!this.isNew && !isOther && this.units.length === this.knownUnits.size) return undefined;
    return { blocks, units: this.units };
  }

  private readBytes(group: readonly BlockMeta[]): { readonly times: UnitTimes; readonly isWhole: boolean } {
    const { files, late, findings, onRead } = this.options;
    let isWhole = true;
    const times = readBlockTimes(group, {
      files,
      late,
      onRead,
      onDamage: (damage) => {
        isWhole = false;
        findings.addBlockDamage(damage);
      },
      onConflict: (conflict) => {
        isWhole = false;
        findings.addConflict(conflict);
      },
    });
    return { times, isWhole };
  }

  private observe(block: BlockMeta) {
    return observeBlock(this.options.files, block, { look: this.look, nowMs: this.options.nowMs });
  }

  private isUnchanged(ulid: string): boolean {
    const now = this.records.get(ulid);
    const before = this.knownBlocks.get(ulid);
    return now !== undefined && before !== undefined && isSameRecord(now, before);
  }

  private isStillTheSame(block: BlockMeta): boolean {
    const before = this.records.get(block.ulid);
    const { record } = this.observe(block);
    return before !== undefined && record !== null && isSameRecord(before, record);
  }

  private bytesOf(ulids: readonly string[]): number {
    return ulids.reduce((sum, ulid) => sum + (this.records.get(ulid)?.sizeBytes ?? 0), 0);
  }
}
