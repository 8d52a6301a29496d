import { formatDuration } from '../../model/duration.ts';
import { rateWindowMs, type RuleGroup, type RuleInput } from './alert-rule.ts';

/** The way of an alert from Prometheus over Alertmanager to a person. */
export function alertmanagerRules(input: RuleInput): RuleGroup {
  const windowMs = rateWindowMs(input);
  const window = formatDuration(windowMs);
  return {
    name: 'holdfast-alertmanager',
    rules: [
      {
        alert: 'HoldfastAlertsNotDelivered',
        expr:
          `rate(prometheus_notifications_errors_total{job="prometheus"}[${window}]) > 0` +
          ` or rate(prometheus_notifications_dropped_total{job="prometheus"}[${window}]) > 0` +
          ' or prometheus_notifications_alertmanagers_discovered{job="prometheus"} < 1',
        forMs: windowMs,
        severity: 'critical',
        summary: 'Alerts do not reach Alertmanager.',
        description: 'Prometheus cannot hand its alerts over: this one is seen only in Prometheus itself.',
      },
      {
        alert: 'HoldfastNotificationsFailing',
        expr: `rate(alertmanager_notifications_failed_total{job="alertmanager"}[${window}]) > 0`,
        forMs: windowMs,
        severity: 'critical',
        summary: 'Alertmanager cannot notify by {{ $labels.integration }}.',
        description: 'Notifications by {{ $labels.integration }} fail, so people do not hear of alerts that fire.',
      },
      {
        alert: 'HoldfastAlertmanagerConfigBad',
        expr: 'alertmanager_config_last_reload_successful{job="alertmanager"} == 0',
        forMs: 5 * 60_000,
        severity: 'warning',
        summary: 'Alertmanager refused its config.',
        description: 'Alertmanager still runs with the config before it, and would not start with this one.',
      },
    ],
  };
}
