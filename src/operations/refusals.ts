import { HoldfastError } from '../errors/holdfast-error.ts';
import type { StackVerb } from '../model/plan.ts';
import type { CommonFacts } from '../platforms/platform.ts';

/** A verb that works on a stack needs one: a missing stack is never taken for a new one. */
export function refuseMissingStack(facts: CommonFacts, verb: StackVerb): readonly HoldfastError[] {
  if (facts.exists) return [];
  return [
    new HoldfastError('no-stack', {
      message: `There is no stack in ${facts.place} to ${says[verb]}. Nothing was changed.`,
      remedy: 'Name the right data root with --data DIR, or make a new stack with `holdfast up`.',
      details: { stack: facts.stack },
    }),
  ];
}

/** Whoever would make another baseline, or other data, waits until the one that is owed has been proven (docs/adr/0003). */
export function refuseDebt(facts: CommonFacts, verb: StackVerb): readonly HoldfastError[] {
  const { debt } = facts;
  if (debt === null) return [];
  return [
    new HoldfastError('proof-owed', {
      message: `Run ${debt.run} took an inventory that no good proof stands against yet, so \`${verb}\` waits. Nothing was changed.`,
      remedy: 'Run `holdfast rebuild` (or `holdfast up`): it finishes that run and writes the proof.',
      details: { run: debt.run, verb: debt.verb },
    }),
  ];
}

const says: Readonly<Record<StackVerb, string>> = {
  up: 'start',
  down: 'stop',
  teardown: 'tear down',
  rebuild: 'rebuild',
  adopt: 'adopt into',
};
