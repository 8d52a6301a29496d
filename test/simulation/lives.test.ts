import { expect, test } from 'vitest';
import { live } from './live.ts';
import type { Tampering } from './memory-command.ts';

const long = process.env['HOLDFAST_TEST_LONG'] === '1';
const count = long ? 3000 : 150;
const first = Number(process.env['HOLDFAST_TEST_SEED'] ?? 1);

/**
 * A stack lives: verbs, crashes at any call, power cuts, other configurations, a hand that takes data away and puts it
 * back. After each event nothing is lost that nobody was entitled to take, and at the end one rebuild brings all in order.
 * A life is told by its seed: HOLDFAST_TEST_SEED=<seed> lives that one first.
 */
test(`${count} lives from seed ${first} lose nothing`, async () => {
  const seen = new Map<string, number>();
  for (let seed = first; seed < first + count; seed += 1) {
    const { events, faults } = await live(seed);
    for (const event of events) seen.set(event, (seen.get(event) ?? 0) + 1);
    expect(faults, `seed ${seed}: ${events.join(', ')}`).toEqual([]);
  }
  // A life in which nothing happens loses nothing either.
  for (const event of [
    'crash',
    'power cut',
    'proof failed',
    'proof-owed',
    'retention-would-delete',
    'rebuild',
    'adopt',
  ]) {
    expect(seen.get(event) ?? 0, event).toBeGreaterThan(5);
  }
});

test('the lives have teeth: they notice', async () => {
  const killing: Tampering = {
    handlers: (handlers, calls) => ({
      ...handlers,
      'stop-instance': { ...handlers['stop-instance'], apply: ({ pid }) => calls.kill(pid) },
    }),
  };
  // A new baseline for every rebuild, whatever is owed.
  const forgetful: Tampering = {
    plan: (plan) => {
      const run = `again ${plan.run}`;
      const inventory = {
        kind: 'take-inventory',
        phase: 'inventory',
        class: 'safe',
        title: 'take inventory',
        run,
      } as const;
      return plan.operation === 'rebuild' ? { ...plan, steps: [inventory, ...plan.steps] } : plan;
    },
  };
  for (const tampering of [killing, forgetful]) {
    const lives = await Promise.all(Array.from({ length: 30 }, (_, seed) => live(seed, tampering)));
    expect(lives.filter(({ faults }) => faults.length > 0).length).toBeGreaterThan(10);
  }
});

test('a life is the same each time', async () => {
  expect(await live(7)).toEqual(await live(7));
});
