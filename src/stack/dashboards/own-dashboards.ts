import type { DashboardSpec } from './dashboard-spec.ts';
import { nodeDashboard } from './node-dashboard.ts';
import { prometheusDashboard } from './prometheus-dashboard.ts';
import { pushgatewayDashboard } from './pushgateway-dashboard.ts';
import { stackDashboard } from './stack-dashboard.ts';

/** What the dashboards are built from. */
export const ownDashboards: readonly DashboardSpec[] = [
  stackDashboard,
  nodeDashboard,
  prometheusDashboard,
  pushgatewayDashboard,
];
