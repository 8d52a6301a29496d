import { expect, test } from 'vitest';
import type { Finding } from '../model/finding.ts';
import type { ComponentProof, Proof } from '../model/proof.ts';
import { provenComponents } from './proven-components.ts';

const part = (name: ComponentProof['name'], checked: boolean): ComponentProof => {
  return { name, kept: 1, lost: 0, checked, missing: [] };
};
const finding = (rule: string): Finding => ({ rule, severity: 'warning', object: 'x', message: 'm', remedy: 'r' });

const good: Proof = {
  format: 1,
  run: 'r',
  stack: 'monitoring',
  provedAtMs: 1,
  completeToMs: 1,
  kept: { series: 1, samples: 1 },
  lost: { samples: 0, windows: [] },
  expired: { samples: 0 },
  gap: null,
  added: { samples: 0 },
  components: [part('alertmanager', true), part('pushgateway', false)],
  tsdb: null,
  findings: [],
};

test('what was checked is proven, what was not asked is not', () => {
  expect(provenComponents(good)).toEqual(['prometheus', 'alertmanager']);
});

test.each(['unproven-head', 'unanswered-metric'])(
  '%s: the head is in no baseline, so its WAL stays set aside',
  (rule) => {
    expect(provenComponents({ ...good, findings: [finding(rule)] })).toEqual(['alertmanager']);
  },
);

test('a proof that is not good proves nothing', () => {
  const lost = { samples: 1, windows: [{ fromMs: 0, toMs: 1, samples: 1, reason: 'r' }] };
  expect(provenComponents({ ...good, lost })).toEqual([]);
});
