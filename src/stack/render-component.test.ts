import { describe, expect, it } from 'vitest';
import { processComponents } from '../model/component.ts';
import { renderComponent } from './render-component.ts';
import { renderFixture, type FixtureOptions } from './render-fixture.ts';

const digest = (options: FixtureOptions = {}) => renderComponent(renderFixture('prometheus', options)).digest;
const { config } = renderFixture('prometheus').stack;

describe('renderComponent', () => {
  it.each(processComponents)('renders %s the same twice', (component) => {
    expect(renderComponent(renderFixture(component))).toEqual(renderComponent(renderFixture(component)));
  });

  it.each([
    ['another build of the program', { program: { sha256: '1'.repeat(64) } }],
    ['another path of the program', { program: { path: '/usr/bin/prometheus' } }],
    ['another retention', { retention: { timeMs: 1, sizeBytes: 0 } }],
    ['another password', { passwordHash: '$2b$10$other' }],
    ['a component that is gone', { present: ['prometheus'] }],
    ['another port of a scraped component', { config: { grafana: { port: 1 } } }],
    ['a word in a rule file', { ruleFiles: [{ path: '/r.yml', text: 'groups: []' }] }],
  ] as const)('another digest for %s', (_, options) => {
    expect(digest(options)).not.toBe(digest());
  });

  it('the same digest for what does not touch the component', () => {
    expect(
      digest({ config: { console: { port: 1 }, alertmanager: { ...config.alertmanager, config: '/x.yml' } } }),
    ).toBe(digest());
    const pushgateway = (options: FixtureOptions) => renderComponent(renderFixture('pushgateway', options)).digest;
    expect(pushgateway({ retention: { timeMs: 1, sizeBytes: 1 } })).toBe(pushgateway({}));
  });

  it('keeps the password hash in files that nobody else can read', () => {
    for (const component of processComponents) {
      const input = renderFixture(component);
      const { files, arguments: flags, environment } = renderComponent(input);
      expect(JSON.stringify([flags, environment])).not.toContain(input.passwordHash);
      const holders = files.filter((file) => file.content.includes(input.passwordHash));
      expect(holders.map((file) => file.mode)).toEqual(component === 'grafana' ? [] : [0o600]);
    }
  });

  it('refuses a program that lets everybody in', () => {
    const render = () => renderComponent(renderFixture('node-exporter', { program: { version: '0.18.1', flags: [] } }));
    expect(render).toThrow(expect.objectContaining({ code: 'program-unavailable' }));
  });

  it('takes the flag of old node_exporters', () => {
    const rendered = renderComponent(renderFixture('node-exporter', { program: { flags: ['web.config'] } }));
    expect(rendered.arguments).toContain('--web.config=/srv/holdfast/run/config/node-exporter/web-config.yml');
  });

  it('refuses to start Alertmanager silently where its config was not read', () => {
    const options = {
      config: { alertmanager: { port: 1, config: '/etc/alertmanager.yml' } },
      alertmanagerConfig: null,
    };
    expect(() => renderComponent(renderFixture('alertmanager', options))).toThrow(
      expect.objectContaining({ code: 'bad-config' }),
    );
  });

  it('names file, line and column of a rule file that is no YAML', () => {
    const ruleFiles = [{ path: '/etc/rules.yml', text: 'groups:\n  - name: [a\n' }];
    expect(() => renderComponent(renderFixture('prometheus', { ruleFiles }))).toThrow(
      expect.objectContaining({ code: 'bad-config', message: expect.stringMatching(/^\/etc\/rules\.yml:\d+:\d+ /) }),
    );
  });

  it('keeps rule files of the same name apart, and their names inside the rendered directory', () => {
    const text = 'groups: []\n';
    const ruleFiles = ['/a/r.yml', '/b/r.yml', '/c/..', '/d/r *?[.yml'].map((path) => ({ path, text }));
    const { files } = renderComponent(renderFixture('prometheus', { ruleFiles }));
    expect(files.map((file) => file.path).filter((path) => path.startsWith('rules/user'))).toEqual([
      'rules/user-1-r.yml',
      'rules/user-2-r.yml',
      'rules/user-3-..',
      'rules/user-4-r____.yml',
    ]);
  });

  it.each(['/srv/a$HOME', '/srv/{a}', '/srv/%(data)s'])('refuses Grafana the data root %s', (dataRoot) => {
    expect(() => renderComponent(renderFixture('grafana', { dataRoot }))).toThrow(
      expect.objectContaining({ code: 'bad-arguments', message: expect.stringContaining(dataRoot) }),
    );
  });
});
