/** What a comparison sample by sample finds out about one window of two directories. */
export interface ComparedWindow {
  readonly fromMs: number;
  /** What `before` held in it when it was compared: an inventory that says otherwise is of another moment. */
  readonly before: { readonly samples: number; readonly digest: string };
  /** Of `before`, not in `after` at all. */
  readonly missing: number;
  /** Of `before`, in `after` with another value. */
  readonly changed: number;
  /** In `after` alone. */
  readonly added: number;
  /** Those that lost something. */
  readonly jobs: readonly { readonly job: string; readonly missing: number; readonly changed: number }[];
}

/** A series that lost something, as PromQL writes it, over all windows. */
export interface LostSeries {
  readonly series: string;
  readonly missing: number;
  readonly changed: number;
}

export interface TsdbComparison {
  readonly windows: readonly ComparedWindow[];
  /** The first twenty in the order of their labels, and how many more there are. */
  readonly series: { readonly listed: readonly LostSeries[]; readonly more: number };
}
