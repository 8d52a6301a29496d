import type { BlockOnDisk } from './block.ts';
import type { EffectiveRetention } from './retention.ts';
import type { Finding } from './finding.ts';

/** Series and samples of one metric name in one window, as Prometheus answered. */
export interface MetricCount {
  readonly metric: string;
  readonly series: number;
  readonly samples: number;
}

/** One window [fromMs, toMs) that Prometheus was asked about, at the fixed evaluation time toMs - 1. */
export interface AnsweredWindow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly where: 'head' | 'blocks';
  readonly metrics: readonly MetricCount[];
}

export interface AlertmanagerInventory {
  /** Ids of silences that are not expired. */
  readonly silences: readonly { readonly id: string; readonly endsAtMs: number }[];
}

export interface PushgatewayInventory {
  /** One per grouping key; `key` is canonical JSON of the sorted labels, `series` the pushed series in it. */
  readonly groups: readonly { readonly key: string; readonly series: number }[];
}

export interface GrafanaInventory {
  readonly dashboards: readonly string[];
}

/** A count of the bytes, in a file of its own beside the inventory. */
export interface CountedBytes {
  readonly completeToMs: number | null;
  readonly series: number;
  readonly samples: number;
  /** Of the file. */
  readonly sha256: string;
}

/** What there was, taken for one run before anything was stopped (docs/format/inventory.md). */
export interface Inventory {
  readonly format: 1;
  readonly run: string;
  readonly stack: string;
  readonly stackId: string;
  readonly takenAtMs: number;
  /** Samples up to here (inclusive) are in the baseline; null where there is no sample at all. */
  readonly completeToMs: number | null;
  readonly scrapeIntervalMs: number;
  readonly retention: EffectiveRetention;
  /** Newest sample that the retention in force is measured from. */
  readonly newestMs: number | null;
  /** prometheus: blocks and Prometheus' own answers. meta: blocks only, since Prometheus did not run. */
  readonly witness: 'prometheus' | 'meta';
  readonly prometheusVersion: string | null;
  readonly blocks: readonly BlockOnDisk[];
  /** WAL and head chunks, which size retention counts before any block. */
  readonly headBytes: number;
  readonly windows: readonly AnsweredWindow[];
  readonly components: {
    readonly alertmanager: AlertmanagerInventory | null;
    readonly pushgateway: PushgatewayInventory | null;
    readonly grafana: GrafanaInventory | null;
  };
  /** Null where no volume was there to be counted, or an earlier version took the inventory. */
  readonly tsdb: CountedBytes | null;
  readonly findings: readonly Finding[];
}
