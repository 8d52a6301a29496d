import { expect, test } from 'vitest';
import { defaultConfig } from '../config/defaults.ts';
import { judgeStack, type StackFacts } from './judge-stack.ts';

test('the remedy for a held component names the command that starts it', () => {
  const prometheus: StackFacts['components'][number] = {
    name: 'prometheus',
    state: 'held',
    address: null,
    version: null,
    sinceMs: null,
    restarts: 0,
    reason: null,
    remedy: null,
    identity: null,
    run: null,
    launchDigest: null,
  };
  const { ok, findings } = judgeStack({
    stack: {
      format: 1,
      stackId: 's',
      name: 'monitoring',
      createdAtMs: 0,
      desired: 'up',
      config: defaultConfig,
      volumes: [],
      programs: [],
      unavailable: [],
      retention: { timeMs: defaultConfig.prometheus.retentionMs, sizeBytes: 0, raises: [] },
    },
    components: [prometheus],
    volumes: [],
    flow: undefined,
    flowReason: null,
    hasReceiver: true,
    nowMs: 0,
  });
  expect(ok).toBe(false);
  expect(findings).toMatchObject([{ rule: 'component-held', message: 'prometheus is held.' }]);
  expect(findings[0]?.remedy).toMatch(/^Run `holdfast up`/);
});
