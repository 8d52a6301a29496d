/** Whoever names a directory or a stack must not steer the terminal of whoever looks at it, not even with a colour. */
import { expect, test } from 'vitest';
import { confirm } from '../cli/confirm.ts';
import type { Terminal } from '../cli/command.ts';
import type { Plan } from '../model/plan.ts';
import type { StatusReport } from '../model/status.ts';
import { createPlainReporter } from './plain-reporter.ts';
import { renderCoverage } from './render-coverage.ts';
import { renderPlan } from './render-plan.ts';
import { renderStatus } from './render-status.ts';
import { renderUp } from './render-up.ts';
import { createStyle } from './style.ts';
import { createTtyReporter } from './tty-reporter.ts';

const style = createStyle({ hasColor: false, columns: undefined });
const name = 'a\u001b[31m\u001b]0;title\u0007\nb\u202e';
const shown = 'a\\e[31m\\e]0;title\\x07\\nb\\u{202e}';
const blocker = {
  rule: 'in-the-way',
  severity: 'error',
  object: name,
  message: `${name} is in the way.`,
  remedy: '',
} as const;
const plan: Plan = {
  operation: 'repair',
  stack: name,
  run: '20261128T000000Z-repair-0000',
  continues: false,
  steps: [],
  findings: [],
  differences: [],
};
const status: StatusReport = {
  ok: true,
  stack: name,
  platform: 'standalone',
  dataRoot: name,
  desired: 'up',
  observedAtMs: 0,
  daemon: null,
  components: [],
  volumes: [],
  findings: [],
  lastRun: null,
  lastProof: null,
};

test.each<[string, () => readonly string[]]>([
  ['a plan', () => renderPlan(plan, style)],
  ['the plan of a stack', () => renderPlan({ ...plan, operation: 'down' }, style)],
  ['a plan that is blocked', () => renderPlan({ ...plan, findings: [blocker] }, style)],
  ['a status', () => renderStatus(status, 0, style)],
  [
    'what up ends with',
    () => renderUp({ status, listen: '127.0.0.1', login: { user: 'u', host: 'h' }, passwordPath: name }, style),
  ],
  [
    'a coverage',
    () => renderCoverage({ volumes: [coverage], cache: { notes: [] } } as never, { style, isByJob: false, notes: [] }),
  ],
])('%s', (_, render) => {
  const text = render().join('\n');
  expect(text).toContain(shown);
  expect(text).not.toContain('\u001b');
  expect(text).not.toContain('\u202e');
});

test.each([createPlainReporter, createTtyReporter])('a plan that is told while it is carried out', (create) => {
  let written = '';
  create({ write: (text) => (written += text), style, now: () => 0 }).plan({ ...plan, findings: [blocker] });
  expect(written).toContain(`Plan of repair for ${shown}: blocked, nothing is done.\n`);
  expect(written).not.toContain('\u001b');
});

test('a question', async () => {
  let asked = '';
  const terminal = { canAsk: true, ask: (question: string) => Promise.resolve(((asked = question), name)) };
  const words = { name, given: undefined, doing: `repair the directory ${name}` };
  await confirm(terminal as unknown as Terminal, words, new AbortController().signal);
  expect(asked).toBe(`To repair the directory ${shown}, type its name (Ctrl-C leaves everything as it is): `);
});

const coverage = {
  path: '/srv',
  dataDirectory: '/srv',
  stack: name,
  samples: 0,
  intervalMs: null,
  ranges: [],
  gaps: [],
  jobs: [],
  findings: [],
};
