import type { RuleGroup } from './alert-rule.ts';

/** Groups that were pushed once and are shown as if they were of now. */
export function pushgatewayRules(): RuleGroup {
  return {
    name: 'holdfast-pushgateway',
    rules: [
      {
        alert: 'HoldfastPushStale',
        expr: 'time() - (push_time_seconds > 0) > 2 * 86400',
        forMs: 0,
        severity: 'info',
        summary: 'The job {{ $labels.job }} has not pushed for {{ $value | humanizeDuration }}.',
        description: 'Pushgateway goes on showing the last push of this group as if it were of now.',
      },
      {
        alert: 'HoldfastPushFailing',
        expr: 'push_failure_time_seconds > push_time_seconds',
        forMs: 0,
        severity: 'warning',
        summary: 'The last push of the job {{ $labels.job }} was refused.',
        description: 'Pushgateway kept the push before it: what is shown of this group is old.',
      },
    ],
  };
}
