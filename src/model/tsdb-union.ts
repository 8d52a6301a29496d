/** What several directories hold together, held against each other or against what was made of them. */
export interface TsdbUnion {
  /** In the order in which they were named. Stale markers are samples here. */
  readonly sources: readonly UnionSource[];
  readonly conflicts: UnionConflicts;
  /** In the result, and in no source. */
  readonly added: number;
}

/** Of one source, within the windows in question, what the result holds; zeros where there is no result. */
export interface UnionSource {
  readonly kept: number;
  /** Not in the result, where another source that wins has another value at the same time. */
  readonly dropped: number;
  readonly lost: number;
  /** Windows that lost something. */
  readonly windows: readonly UnionWindow[];
}

export interface UnionWindow {
  readonly fromMs: number;
  readonly samples: number;
}

/** The same series with different values at the same time in two sources. */
export interface UnionConflicts {
  readonly samples: number;
  readonly windows: readonly UnionWindow[];
  /** Which sources, by their numbers. */
  readonly pairs: readonly { readonly one: number; readonly other: number; readonly samples: number }[];
  /** The first twenty in the order of their names, and how many more there are. */
  readonly series: {
    readonly listed: readonly { readonly series: string; readonly samples: number }[];
    readonly more: number;
  };
}

/** The samples that were taken out of blocks, since another source wins. */
export interface DroppedSamples {
  readonly samples: number;
  readonly blocks: readonly { readonly ulid: string; readonly samples: number; readonly intervals: number }[];
}
