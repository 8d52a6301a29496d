import { stringify } from 'yaml';
import { formatDuration } from '../../model/duration.ts';
import { alertmanagerRules } from './alertmanager-rules.ts';
import type { AlertRule, RuleGroup, RuleInput } from './alert-rule.ts';
import { diskRules } from './disk-rules.ts';
import { pushgatewayRules } from './pushgateway-rules.ts';
import { targetRules } from './target-rules.ts';
import { tsdbRules } from './tsdb-rules.ts';

/** Holdfast's own rule file, for the components that are present. */
export function renderRules(input: RuleInput): string {
  const groups = ownRuleGroups(input).map(({ name, rules }) => ({ name, rules: rules.map(renderRule) }));
  return stringify({ groups }, { lineWidth: 0 });
}

export function ownRuleGroups(input: RuleInput): readonly RuleGroup[] {
  return [
    targetRules(input),
    tsdbRules(input),
    ...(input.present.includes('alertmanager') ? [alertmanagerRules(input)] : []),
    ...(input.present.includes('node-exporter') ? [diskRules()] : []),
    ...(input.present.includes('pushgateway') ? [pushgatewayRules()] : []),
  ];
}

function renderRule(rule: AlertRule): object {
  return {
    alert: rule.alert,
    expr: rule.expr,
    ...(rule.forMs === 0 ? {} : { for: formatDuration(rule.forMs) }),
    labels: { severity: rule.severity },
    annotations: {
      summary: rule.summary,
      description: rule.description,
      runbook: `docs/runbooks/${rule.alert}.md`,
    },
  };
}
