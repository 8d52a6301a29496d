import type { DashboardSpec } from './dashboard-spec.ts';
import { nodeDashboard } from './node-dashboard.ts';
import { prometheusDashboard } from './prometheus-dashboard.ts';
import { pushgatewayDashboard } from './pushgateway-dashboard.ts';
import { stackDashboard } from './stack-dashboard.ts';

/** The provisioned dashboards; the first is Grafana's home page. */
export const ownDashboards: readonly [DashboardSpec, ...DashboardSpec[]] = [
  stackDashboard,
  nodeDashboard,
  prometheusDashboard,
  pushgatewayDashboard,
];
