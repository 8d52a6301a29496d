import { expect, test } from 'vitest';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { phaseNames, type PhaseName, type StepBase, type StackVerb } from '../model/plan.ts';
import type { CommonFacts, Debt, Order } from '../platforms/platform.ts';
import type { PlanningPlatform } from './assemble-plan.ts';
import { planVerb } from './plan-verb.ts';

/** Each phase gives one step that says the order it was planned by. */
function makePlatform(options: { readonly before?: boolean; readonly refusals?: readonly HoldfastError[] } = {}) {
  const plan = (phase: PhaseName) => (_: CommonFacts, order: Order) => [
    { kind: phase, phase, class: 'safe', title: `${phase} ${phase === 'prove' ? order.proves : order.run}` } as const,
  ];
  const platform: PlanningPlatform<CommonFacts, StepBase> = {
    planners: Object.fromEntries(phaseNames.map((phase) => [phase, plan(phase)])),
    refusals: () => options.refusals ?? [],
    ...(options.before === undefined ? {} : { inventoryBeforeQuiesce: options.before }),
  };
  return platform;
}

const facts: CommonFacts = {
  observedAtMs: 0,
  stack: 'monitoring',
  place: '/root',
  exists: true,
  running: true,
  debt: null,
  findings: [],
  differences: [{ key: 'prometheus.port', from: '1', to: '2' }],
};
const stopped: Debt = { run: 'old', verb: 'teardown', quiesced: true };
const untouched: Debt = { run: 'old', verb: 'rebuild', quiesced: false };

const titles = (verb: StackVerb, debt: Debt | null, platform = makePlatform()) =>
  planVerb(verb, platform, { ...facts, debt }, 'new').steps.map(({ title }) => title);

test('without a debt', () => {
  expect(titles('up', null)).toEqual(['protect new', 'gate new', 'create new', 'quiesce new', 'bind new', 'start new']);
  expect(titles('down', null)).toEqual(['gate new', 'quiesce new']);
  expect(titles('teardown', null)).toEqual([
    'protect new',
    'record new',
    'inventory new',
    'quiesce new',
    'gate new',
    'remove new',
  ]);
  expect(titles('rebuild', null)).toEqual([
    ...['protect new', 'record new', 'inventory new', 'quiesce new', 'gate new', 'remove new'],
    ...['create new', 'bind new', 'start new', 'prove new'],
  ]);
  expect(titles('adopt', null)).toEqual(['protect new', 'gate new', 'create new', 'bind new']);
});

test('a platform may take its inventory once everything stands still', () => {
  const platform = makePlatform({ before: false });
  expect(titles('teardown', null, platform).slice(2, 4)).toEqual(['quiesce new', 'inventory new']);
});

test('rebuild with a debt whose stack was stopped continues that run and takes no new inventory', () => {
  const plan = planVerb('rebuild', makePlatform(), { ...facts, debt: stopped }, 'new');
  expect(plan).toMatchObject({ run: 'old', continues: true });
  expect(plan.steps.map(({ title }) => title)).toEqual([
    ...['quiesce old', 'gate old', 'remove old', 'create old', 'bind old', 'start old', 'prove old'],
  ]);
});

test('rebuild with a debt whose stack still runs pays it before it takes a new inventory', () => {
  const plan = planVerb('rebuild', makePlatform(), { ...facts, debt: untouched }, 'new');
  expect(plan).toMatchObject({ run: 'new', continues: false });
  const order = plan.steps.map(({ title }) => title);
  expect(order[0]).toBe('prove old');
  expect(order.indexOf('inventory new')).toBeGreaterThan(0);
  expect(order.at(-1)).toBe('prove new');
});

test.each([stopped, untouched])('up pays a debt; down and teardown leave it and take no inventory (%o)', (debt) => {
  expect(titles('up', debt).at(-1)).toBe('prove old');
  expect(titles('down', debt)).toEqual(['gate new', 'quiesce new']);
  expect(titles('teardown', debt)).toEqual(['protect new', 'record new', 'quiesce new', 'gate new', 'remove new']);
  expect(() => titles('adopt', debt)).toThrow(expect.objectContaining({ code: 'proof-owed' }));
});

test.each(['down', 'teardown', 'rebuild'] as const)('%s needs a stack', (verb) => {
  const none = { ...facts, exists: false, running: false };
  expect(() => planVerb(verb, makePlatform(), none, 'new')).toThrow(expect.objectContaining({ code: 'no-stack' }));
});

test('the first refusal is thrown, and all are told', () => {
  const refusals = (['volume-refused', 'port-taken'] as const).map(
    (code) => new HoldfastError(code, { message: code, remedy: 'r', details: { of: code } }),
  );
  expect(() => planVerb('up', makePlatform({ refusals }), facts, 'new')).toThrow(
    expect.objectContaining({
      code: 'volume-refused',
      details: {
        of: 'volume-refused',
        all: [
          { code: 'volume-refused', message: 'volume-refused', remedy: 'r' },
          { code: 'port-taken', message: 'port-taken', remedy: 'r' },
        ],
      },
    }),
  );
});

test('a head that has one witness alone is said where a baseline is taken, and only there', () => {
  const unproven = {
    rule: 'head-by-bytes-alone',
    severity: 'warning',
    object: 'o',
    message: 'm',
    remedy: 'r',
  } as const;
  const findings = [unproven, { ...unproven, rule: 'broken-block' }];
  const rulesOf = (verb: StackVerb) =>
    planVerb(verb, makePlatform(), { ...facts, findings }, 'new').findings.map(({ rule }) => rule);
  expect(rulesOf('rebuild')).toEqual(['head-by-bytes-alone', 'broken-block']);
  expect(rulesOf('teardown')).toEqual(['head-by-bytes-alone', 'broken-block']);
  expect(rulesOf('up')).toEqual(['broken-block']);
  expect(rulesOf('down')).toEqual(['broken-block']);
});

test('stopping takes over no other configuration', () => {
  const differencesOf = (verb: StackVerb) => planVerb(verb, makePlatform(), facts, 'new').differences;
  expect(differencesOf('up')).toEqual(facts.differences);
  expect(differencesOf('rebuild')).toEqual(facts.differences);
  expect(differencesOf('down')).toEqual([]);
  expect(differencesOf('teardown')).toEqual([]);
});
