/** What a look saw. Findings are data: they are returned and shown, never thrown. */
export interface Finding {
  /** Stable kebab-case name, as `no-receiver` or `grafana-unavailable`. */
  readonly rule: string;
  readonly severity: 'info' | 'warning' | 'error';
  /** The thing it is about, as `prometheus` or `volumes/prometheus`. */
  readonly object: string;
  readonly message: string;
  /** One command or one sentence. */
  readonly remedy: string;
}
