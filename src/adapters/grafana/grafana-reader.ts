/** What can be asked of a running Grafana. Throws `component-api` where it does not answer. */
export interface GrafanaReader {
  isReady(signal: AbortSignal): Promise<boolean>;
  version(signal: AbortSignal): Promise<string>;
  /** The uids of all dashboards, sorted. */
  listDashboards(signal: AbortSignal): Promise<readonly string[]>;
}
