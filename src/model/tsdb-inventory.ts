/** What a look into a data directory found wrong, where, and what it hits. */
export interface TsdbFinding {
  /** Stable kebab-case name, as `bad-checksum`. */
  readonly rule: string;
  readonly severity: 'info' | 'warning' | 'error';
  /** Below the data directory. */
  readonly file: string;
  readonly offset: number | null;
  /** As PromQL writes it, where one series is hit. */
  readonly series: string | null;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly message: string;
  /** One command or one sentence. */
  readonly remedy: string;
}

/** What a TSDB holds in [fromMs, toMs), two hours aligned to the epoch (docs/format/digest.md). */
export interface TsdbWindow {
  readonly fromMs: number;
  readonly toMs: number;
  /** Series with at least one sample in it, stale markers not counted. */
  readonly series: number;
  /** Floats and histograms, stale markers not counted. */
  readonly samples: number;
  readonly staleMarkers: number;
  /** Sixteen hexadecimal digits; stale markers are left out. */
  readonly digest: string;
  /** First and last sample in it; null where it holds stale markers alone. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
}

export interface TsdbJob {
  /** Empty for series without the label `job`. */
  readonly job: string;
  readonly windows: readonly TsdbWindow[];
}

/** A window counted only up to a moment within it, inclusive: what a later inventory can be compared with. */
export interface TsdbCut {
  readonly atMs: number;
  /** Its `toMs` is behind the cut; null where nothing is before it in its two hours. */
  readonly window: TsdbWindow | null;
  readonly jobs: readonly { readonly job: string; readonly window: TsdbWindow }[];
  /** The first sample behind the cut, wherever it is. */
  readonly nextMs: number | null;
}

/** What came out of order in a window and is in no block yet; `samples` and `digest` of the window hold it too. */
export interface TsdbOutOfOrder {
  readonly fromMs: number;
  readonly samples: number;
  readonly digest: string;
}

/**
 * Where one series has different values at one time, one of them is counted. `samples` is how many others there are, and
 * `digest` the sum over all of them and the counted ones.
 */
export interface TsdbConflicts {
  readonly samples: number;
  readonly digest: string;
}

/** A block that was counted. */
export interface TsdbBlock {
  readonly ulid: string;
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
}

/** Every sample that Prometheus would return of a data directory, counted once. */
export interface TsdbInventory {
  /** Samples up to here, inclusive, are all in it; null where there is none. */
  readonly completeToMs: number | null;
  readonly totals: {
    readonly series: number;
    readonly samples: number;
    readonly staleMarkers: number;
    /** Of `samples`, those that came out of order and are in no block yet: a snapshot leaves them out. */
    readonly outOfOrderSamples: number;
  };
  readonly windows: readonly TsdbWindow[];
  readonly jobs: readonly TsdbJob[];
  /** Where it was asked for, or somebody writes there; else everything is before the end. */
  readonly cut: TsdbCut | null;
  readonly outOfOrder: readonly TsdbOutOfOrder[];
  readonly conflicts: TsdbConflicts;
  readonly blocks: readonly TsdbBlock[];
  readonly findings: readonly TsdbFinding[];
}
