import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { processComponents } from '../../model/component.ts';
import { ownDashboards } from '../dashboards/own-dashboards.ts';
import { findTestProgram, missing } from '../find-test-program.ts';
import { ownRuleGroups, renderRules } from './render-rules.ts';

const input = { scrapeIntervalMs: 15_000, present: processComponents };
const rules = ownRuleGroups(input).flatMap((group) => group.rules);
const runbooks = join(import.meta.dirname, '../../../docs/runbooks');
const temporary = mkdtempSync(join(tmpdir(), 'holdfast-rules-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

describe('own rules', () => {
  it('say nothing about components that are not there', () => {
    const text = renderRules({ scrapeIntervalMs: 15_000, present: ['prometheus'] });
    expect(text).not.toMatch(/alertmanager_|node_|push_time|absent\(up\{job="grafana"/);
    expect(text).toContain('absent(up{job="prometheus"})');
  });

  it('wait for several scrapes where these are far apart', () => {
    const text = renderRules({ ...input, scrapeIntervalMs: 300_000 });
    expect(text).toContain('[20m]');
    expect(text).not.toMatch(/for: (1|5)m\n.*\n *severity: .*\n.*\n *summary: .*does not answer/);
  });

  it('have names of their own', () => {
    expect(new Set(rules.map((rule) => rule.alert)).size).toBe(rules.length);
  });

  it.each(rules.map((rule) => rule.alert))('%s has a page', (alert) => {
    const path = join(runbooks, `${alert}.md`);
    expect(existsSync(path)).toBe(true);
    const text = readFileSync(path, 'utf8');
    for (const heading of [`# ${alert}`, '## What it means', '## Is data at risk?', '## First look', '## Remedy']) {
      expect(text.split('\n')).toContain(heading);
    }
  });

  it('are all that has a page', () => {
    const pages = readdirSync(runbooks).filter((name) => name.startsWith('Holdfast'));
    expect(pages.sort()).toEqual(rules.map((rule) => `${rule.alert}.md`).sort());
  });
});

interface AlertCase {
  readonly alert: string;
  /** Series that make it fire at `atMinutes`, and series of a sound stack in which it must be silent. */
  readonly bad: Readonly<Record<string, string>>;
  readonly good: Readonly<Record<string, string>>;
  readonly atMinutes?: number;
}

const allUp = Object.fromEntries(processComponents.map((job) => [`up{job="${job}"}`, '1x3000']));
const flat = (series: string) => ({ bad: { [series]: '0+1x3000' }, good: { [series]: '3x3000' } });
const isZero = (series: string) => ({ bad: { [series]: '0x3000' }, good: { [series]: '1x3000' } });
const disk = (name: string) => `node_filesystem_${name}{job="node-exporter",mountpoint="/",fstype="ext4"}`;
const push = (name: string) => `${name}{job="batch"}`;

const cases: readonly AlertCase[] = [
  { alert: 'HoldfastComponentDown', ...isZero('up{job="alertmanager"}') },
  {
    alert: 'HoldfastComponentMissing',
    bad: Object.fromEntries(Object.entries(allUp).slice(1)),
    good: allUp,
  },
  { alert: 'HoldfastTargetDown', ...isZero('up{job="app"}') },
  {
    alert: 'HoldfastAllTargetsSilent',
    bad: { 'up{job="app"}': '0x3000' },
    good: { 'up{job="a"}': '0x3000', ...allUp },
  },
  {
    alert: 'HoldfastNoSamples',
    bad: { 'prometheus_tsdb_head_samples_appended_total{job="prometheus",type="float"}': '9x3000' },
    good: { 'prometheus_tsdb_head_samples_appended_total{job="prometheus",type="float"}': '0+9x3000' },
  },
  {
    alert: 'HoldfastSamplesRejected',
    ...flat('prometheus_target_scrapes_sample_out_of_bounds_total{job="prometheus"}'),
  },
  { alert: 'HoldfastTsdbCompactionFailing', ...flat('prometheus_tsdb_compactions_failed_total{job="prometheus"}') },
  { alert: 'HoldfastTsdbReloadFailing', ...flat('prometheus_tsdb_reloads_failures_total{job="prometheus"}') },
  {
    alert: 'HoldfastTsdbWalCorrupt',
    bad: { 'prometheus_tsdb_wal_corruptions_total{job="prometheus"}': '1x3000' },
    good: { 'prometheus_tsdb_wal_corruptions_total{job="prometheus"}': '0x3000' },
  },
  { alert: 'HoldfastTsdbWalFailing', ...flat('prometheus_tsdb_wal_truncations_failed_total{job="prometheus"}') },
  {
    alert: 'HoldfastTsdbSeriesGrowing',
    bad: { 'prometheus_tsdb_head_series{job="prometheus"}': '30000x1439 70000x100' },
    good: { 'prometheus_tsdb_head_series{job="prometheus"}': '60000x1439 70000x100' },
    atMinutes: 1500,
  },
  {
    alert: 'HoldfastRulesFailing',
    ...flat('prometheus_rule_evaluation_failures_total{job="prometheus",rule_group="g"}'),
  },
  { alert: 'HoldfastPrometheusConfigBad', ...isZero('prometheus_config_last_reload_successful{job="prometheus"}') },
  {
    alert: 'HoldfastAlertsNotDelivered',
    ...isZero('prometheus_notifications_alertmanagers_discovered{job="prometheus"}'),
  },
  {
    alert: 'HoldfastNotificationsFailing',
    ...flat('alertmanager_notifications_failed_total{job="alertmanager",integration="webhook"}'),
  },
  {
    alert: 'HoldfastAlertmanagerConfigBad',
    ...isZero('alertmanager_config_last_reload_successful{job="alertmanager"}'),
  },
  {
    alert: 'HoldfastDiskFilling',
    bad: { [disk('avail_bytes')]: '1000-1x3000', [disk('size_bytes')]: '3000x3000', [disk('readonly')]: '0x3000' },
    good: { [disk('avail_bytes')]: '900x3000', [disk('size_bytes')]: '3000x3000', [disk('readonly')]: '0x3000' },
    atMinutes: 400,
  },
  {
    alert: 'HoldfastDiskFull',
    bad: { [disk('avail_bytes')]: '4x3000', [disk('size_bytes')]: '100x3000', [disk('readonly')]: '0x3000' },
    good: { [disk('avail_bytes')]: '4x3000', [disk('size_bytes')]: '100x3000', [disk('readonly')]: '1x3000' },
  },
  {
    alert: 'HoldfastInodesUsedUp',
    bad: { [disk('files_free')]: '4x3000', [disk('files')]: '100x3000', [disk('readonly')]: '0x3000' },
    good: { [disk('files_free')]: '0x3000', [disk('files')]: '0x3000', [disk('readonly')]: '0x3000' },
  },
  {
    alert: 'HoldfastPushStale',
    bad: { [push('push_time_seconds')]: '60x3000' },
    good: { [push('push_time_seconds')]: '0x3000' },
    atMinutes: 2 * 1440 + 60,
  },
  {
    alert: 'HoldfastPushFailing',
    bad: { [push('push_time_seconds')]: '60x3000', [push('push_failure_time_seconds')]: '120x3000' },
    good: { [push('push_time_seconds')]: '120x3000', [push('push_failure_time_seconds')]: '60x3000' },
  },
];

const promtool = findTestProgram('promtool');

describe.skipIf(promtool === undefined)(`promtool evaluates${missing(promtool, 'promtool')}`, () => {
  it('every own rule in a case', () => {
    expect(cases.map((one) => one.alert).sort()).toEqual(rules.map((rule) => rule.alert).sort());
  });

  writeFileSync(join(temporary, 'holdfast.yml'), renderRules(input));

  it('and each fires on a stack in that trouble', () => {
    expect(evaluate((one) => one.bad)).toEqual(cases.map((one) => one.alert));
  });

  it('and each is silent on a sound stack', () => {
    expect(evaluate((one) => one.good)).toEqual([]);
  });

  it('every expression of the dashboards', () => {
    const panels = ownDashboards.flatMap((board) => board.sections.flatMap((section) => section.panels));
    const expressions = panels.flatMap((panel) => panel.queries.map((query) => query.expr));
    const recorded = expressions.map((expr, index) => ({
      record: `dashboard:expression:${index}`,
      expr: expr.replaceAll('$__rate_interval', '1m'),
    }));
    writeFileSync(join(temporary, 'dashboards.yml'), stringify({ groups: [{ name: 'dashboards', rules: recorded }] }));
    const output = execFileSync(promtool ?? '', ['check', 'rules', join(temporary, 'dashboards.yml')], {
      encoding: 'utf8',
    });
    expect(output).toContain(`${expressions.length} rules found`);
  });
});

type SeriesOf = (one: AlertCase) => Readonly<Record<string, string>>;

/** The alerts that fired: promtool names each that it was told not to expect, and fails. */
function evaluate(seriesOf: SeriesOf): readonly string[] {
  const files = [
    writeCases('minutes.yml', '1m', seriesOf, (one) => one.atMinutes === undefined),
    // Days, which would take long in steps of a minute.
    writeCases('days.yml', '30m', seriesOf, (one) => one.atMinutes !== undefined),
  ];
  const { stdout, stderr, status } = spawnSync(promtool ?? '', ['test', 'rules', ...files], { encoding: 'utf8' });
  const fired = cases.filter(({ alert }) => (stdout + stderr).includes(`Labels:{alertname="${alert}"`));
  if ((status === 0) !== (fired.length === 0)) throw new Error(stdout + stderr);
  return fired.map(({ alert }) => alert);
}

function writeCases(name: string, step: string, seriesOf: SeriesOf, isIn: (one: AlertCase) => boolean): string {
  const tests = cases.filter(isIn).map((one) => {
    const { alert, atMinutes = 60 } = one;
    const inputSeries = Object.entries(seriesOf(one)).map(([series, values]) => ({ series, values }));
    const expected = { eval_time: `${atMinutes}m`, alertname: alert, exp_alerts: [] };
    return { interval: '1m', input_series: inputSeries, alert_rule_test: [expected] };
  });
  const path = join(temporary, name);
  writeFileSync(path, stringify({ rule_files: ['holdfast.yml'], evaluation_interval: step, tests }));
  return path;
}
