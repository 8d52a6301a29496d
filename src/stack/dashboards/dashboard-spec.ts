/** The uid of the provisioned Prometheus datasource, which every panel names. */
export const datasourceUid = 'holdfast-prometheus';

/** A dashboard in our own words; render-dashboard makes Grafana's of it. */
export interface DashboardSpec {
  /** Part of the dashboard's URL and name of its file. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly sections: readonly { readonly title: string; readonly panels: readonly PanelSpec[] }[];
}

export interface PanelSpec {
  readonly kind: 'graph' | 'number';
  readonly title: string;
  readonly description?: string;
  /** Grafana's unit id, as `bytes`, `s`, `percentunit`. */
  readonly unit: string;
  /** In 24ths of the page. */
  readonly width: 4 | 6 | 8 | 12 | 24;
  readonly queries: readonly QuerySpec[];
  /** A number below or above it is shown red. */
  readonly red?: { readonly below: number } | { readonly from: number };
}

export interface QuerySpec {
  readonly expr: string;
  /** As `{{job}}`; empty for Grafana's own. */
  readonly legend: string;
}
