import { describe, expect, it } from 'vitest';
import { hasReceiver, renderAlertmanagerConfig } from './alertmanager-config.ts';

const own = (receivers: string) => `route: {receiver: a}\nreceivers: ${receivers}\n`;

describe('hasReceiver', () => {
  it.each([
    ['a webhook', own('[{name: a, webhook_configs: [{url: http://x}]}]'), true],
    ['one of two', own('[{name: a}, {name: b, slack_configs: [{channel: c}]}]'), true],
    ['a kind of receiver that is yet to come', own('[{name: a, carrier_pigeon_configs: [{}]}]'), true],
    ['only names', own('[{name: a}]'), false],
    ['empty lists', own('[{name: a, webhook_configs: []}]'), false],
    ['no receivers', 'route: {receiver: a}', false],
    ['text that is no YAML', 'a: [', false],
    ['nothing', '', false],
    ['no config', null, false],
    ['the default', renderAlertmanagerConfig(null), false],
  ])('%s', (_, text, expected) => {
    expect(hasReceiver(text)).toBe(expected);
  });
});

describe('renderAlertmanagerConfig', () => {
  const render = (text: string) => renderAlertmanagerConfig({ path: '/etc/am/alertmanager.yml', text });

  it('passes a config without relative paths through, byte for byte', () => {
    const text = '# ours\r\nroute:   {receiver: "a"}\nreceivers: [{name: a}]\ntemplates: [/etc/am/*.tmpl]';
    expect(render(text)).toBe(text);
  });

  it('makes relative paths absolute and leaves everything else as it reads', () => {
    const text = [
      'global:',
      '  smtp_auth_password_file: smtp # secret',
      'route: {receiver: a, match: {key_file: x}}',
      'templates: [templates/*.tmpl, /abs/*.tmpl]',
      'receivers:',
      '  - name: 012',
      '    webhook_configs: [{url_file: ../url, send_resolved: yes}]',
    ].join('\n');
    const rendered = render(text);
    expect(rendered).toContain('smtp_auth_password_file: /etc/am/smtp # secret');
    expect(rendered).toContain('[ /etc/am/templates/*.tmpl, /abs/*.tmpl ]');
    expect(rendered).toContain('url_file: /etc/url');
    expect(rendered).toContain('key_file: x');
    expect(rendered).toContain('name: 012');
    expect(rendered).toContain('send_resolved: yes');
  });

  it('names file, line and column of what is no YAML', () => {
    expect(() => render('route:\n  receiver: [a\n')).toThrow(
      expect.objectContaining({
        code: 'bad-config',
        message: expect.stringMatching(/^\/etc\/am\/alertmanager\.yml:\d+:\d+ /),
      }),
    );
  });
});
