import type { BlockMeta } from '../../model/block.ts';
import type { SharedFiles } from '../files/held-files.ts';
import { viewShared } from '../files/held-files.ts';
import { quietFiles } from '../files/quiet-files.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import type { FindingsState } from '../findings.ts';
import type { BlockUnit } from '../inventory/block-units.ts';
import type { SharedConflicts } from '../inventory/conflict-sums.ts';
import type { SharedLate } from '../inventory/late-samples.ts';
import type { TallyState } from '../inventory/tally.ts';

/** What a thread does for another one that has more to read than it can in time. Both take units until there are none. */
export interface HelperTasks {
  readonly 'count-units': { readonly ask: CountUnitsTask; readonly answer: CountedUnits };
  readonly 'check-blocks': { readonly ask: CheckBlocksTask; readonly answer: readonly CheckedBlock[] };
}

interface Shared {
  readonly directory: string;
  /** Null where files are opened when they are needed. */
  readonly files: SharedFiles | null;
  /** Of SharedWork. */
  readonly work: BigInt64Array;
}

export interface CountUnitsTask extends Shared {
  readonly kind: 'count-units';
  readonly units: readonly BlockUnit[];
  readonly sharedWindows: readonly number[];
  readonly cutMs: number | null;
  readonly late: SharedLate;
  readonly conflicts: SharedConflicts;
  readonly headFromMs: number;
}

export interface CountedUnits {
  readonly tally: TallyState;
  /** By the number of the unit. */
  readonly findings: readonly (readonly [unit: number, FindingsState])[];
}

export interface CheckBlocksTask extends Shared {
  readonly kind: 'check-blocks';
  /** ULIDs. */
  readonly blocks: readonly string[];
  readonly isLive: boolean;
  /** Of all threads together. */
  readonly maxBytesPerSecond: number | null;
  /** As `nowMs` of check/slow-down.ts has it, in all threads alike. */
  readonly startedAtMs: number;
}

export interface CheckedBlock {
  /** Its number in the list. */
  readonly number: number;
  /** Null where it cannot be read. */
  readonly meta: BlockMeta | null;
  readonly findings: FindingsState;
}

export type HelperTask = HelperTasks[keyof HelperTasks]['ask'];

/** Starts a task in a thread of its own, which ends with it or with this one. */
export type StartHelper = <T extends HelperTask>(task: T) => Promise<HelperTasks[T['kind']]['answer']>;

export function filesOf({ files, directory }: Shared): TsdbFiles {
  return files === null ? quietFiles(directory) : viewShared(files);
}
