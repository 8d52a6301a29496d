import { describe, expect, test } from 'vitest';
import type { StackConfig } from '../model/config.ts';
import { defaultConfig } from './defaults.ts';
import { parseConfigFile } from './load.ts';
import { resolveConfig } from './resolve.ts';

const file = (text: string) => parseConfigFile(text, { path: 'h.yaml', directory: '/c', home: undefined });
const stored: StackConfig = {
  ...defaultConfig,
  stack: 'kept',
  prometheus: { ...defaultConfig.prometheus, port: 9090, retentionMs: 86_400_000 },
  programs: { prometheus: '/opt/prometheus', amtool: '/opt/amtool' },
};
const stackFile = { name: 'kept', config: stored };

describe('resolveConfig', () => {
  test('with nothing at all, the defaults', () => {
    const resolved = resolveConfig({ file: undefined, stackFile: undefined, flags: {} });
    expect(resolved).toEqual({ config: defaultConfig, differences: [] });
  });

  test('without a config file, what stack.json says', () => {
    const resolved = resolveConfig({ file: undefined, stackFile, flags: { platform: 'standalone' } });
    expect(resolved).toEqual({ config: stored, differences: [] });
  });

  test('the file comes before stack.json, key by key, and what it changes is listed', () => {
    const text = `
prometheus: {retention: 30d, retentionSize: 1.5GiB, ruleFiles: [r.yml]}
programs: {prometheus: null, promtool: /opt/promtool}
alertmanager: {config: am.yml}
`;
    const { config, differences } = resolveConfig({ file: file(text), stackFile, flags: {} });
    expect(config.prometheus.port).toBe(9090);
    expect(config.programs).toEqual({ amtool: '/opt/amtool', promtool: '/opt/promtool' });
    expect(differences).toMatchInlineSnapshot(`
      [
        {
          "from": "1d",
          "key": "prometheus.retention",
          "to": "30d",
        },
        {
          "from": "15.0 GiB",
          "key": "prometheus.retentionSize",
          "to": "1.5 GiB (1610612736 bytes)",
        },
        {
          "from": "none",
          "key": "prometheus.ruleFiles",
          "to": "/c/r.yml",
        },
        {
          "from": "none",
          "key": "alertmanager.config",
          "to": "/c/am.yml",
        },
        {
          "from": "/opt/prometheus",
          "key": "programs.prometheus",
          "to": "none",
        },
        {
          "from": "none",
          "key": "programs.promtool",
          "to": "/opt/promtool",
        },
      ]
    `);
  });

  test('a file about another stack is refused', () => {
    expect(() => resolveConfig({ file: file('stack: other'), stackFile, flags: {} })).toThrow(
      expect.objectContaining({ code: 'other-stack', details: { named: 'other', found: 'kept' } }),
    );
  });

  test('a port that another component has by default is a mistake in the file', () => {
    expect(() => resolveConfig({ file: file('\ngrafana:\n  port: 9090'), stackFile, flags: {} })).toThrow(
      'h.yaml:3:9 grafana.port: 9090 is the port of prometheus already, which this file does not set',
    );
  });
});
