import type { StackConfig } from '../model/config.ts';

/** What holds where neither flag, environment, config file nor stack.json says otherwise. */
export const defaultConfig: StackConfig = {
  stack: 'monitoring',
  platform: 'standalone',
  listen: '127.0.0.1',
  prometheus: {
    port: 30090,
    scrapeIntervalMs: 15_000,
    retentionMs: 15 * 86_400_000,
    retentionSizeBytes: 15 * 2 ** 30,
    scrapeFiles: [],
    ruleFiles: [],
  },
  alertmanager: { port: 30093, config: null },
  pushgateway: { port: 32091 },
  nodeExporter: { port: 30910 },
  grafana: { port: 30300 },
  console: { port: 30080 },
  programs: {},
  programSource: null,
};
