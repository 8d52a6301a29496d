/**
 * Two stacks live beside each other on one machine, each with its own name, data root and ports. Neither sees the other's
 * samples or takes the other's password, and tearing one down does not touch the other.
 */
import { expect, test } from 'vitest';
import { openHoldfast } from '../harness/holdfast.ts';
import { ask, openAsker, type Asker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { findProcessesNaming } from '../harness/find-processes.ts';
import type { Holdfast } from '../harness/holdfast.ts';
import { readDaemonPid, readPids } from './stack-pids.ts';

describeStack('a second stack beside the first', () => {
  let first: Holdfast;
  let second: Holdfast;
  let firstAsker: Asker;
  let secondAsker: Asker;

  test('both come up, at the same time', async () => {
    first = await openHoldfast({ config: { stack: 'first' } });
    second = await openHoldfast({ config: { stack: 'second' } });
    const outcomes = await Promise.all([first.succeed(['up']), second.succeed(['up'])]);
    expect(outcomes.map(({ json }) => [json.stack, json.ok])).toEqual([
      ['first', true],
      ['second', true],
    ]);
    const pids = [...Object.values(await readPids(first)), ...Object.values(await readPids(second))];
    expect(new Set(pids).size).toBe(pids.length);
    expect(await readDaemonPid(first)).not.toBe(await readDaemonPid(second));
    [firstAsker, secondAsker] = [await openAsker(first), await openAsker(second)];
  });

  test('neither sees the samples of the other, nor takes its password', async () => {
    await firstAsker.push('stories', 'told_by_first', 1);
    await secondAsker.push('stories', 'told_by_second', 2);
    await firstAsker.waitForSeries('told_by_first');
    await secondAsker.waitForSeries('told_by_second');
    expect(await firstAsker.query('told_by_second', Date.now())).toEqual({});
    expect(await secondAsker.query('told_by_first', Date.now())).toEqual({});
    expect((await ask(second.ports.prometheus, '/api/v1/query?query=up', { as: firstAsker.as })).status).toBe(401);
    for (const asker of [firstAsker, secondAsker]) {
      expect(Object.keys(await asker.waitForSeries('up{job="node-exporter"}'))).toHaveLength(1);
    }
  });

  test('the name of one does not confirm the other, and its ports are refused', async () => {
    const wrong = await second.run(['teardown', '--confirm', 'first']);
    expect({ exitCode: wrong.exitCode, code: wrong.json.error?.code }).toEqual({ exitCode: 10, code: 'wrong-name' });
    await second.configure({ alertmanager: { port: first.ports.alertmanager } });
    const taken = await second.run(['up']);
    expect({ exitCode: taken.exitCode, code: taken.json.error?.code }).toEqual({ exitCode: 10, code: 'port-taken' });
    expect(taken.json.error?.message).toContain(String((await readPids(first))['alertmanager']));
    await second.configure({});
    expect(await second.status()).toMatchObject({ ok: true });
  });

  test('tearing one down leaves the other as it is', async () => {
    const pids = await readPids(first);
    await second.succeed(['teardown', '--confirm', 'second']);
    expect(await findProcessesNaming(second.directory)).toEqual([]);
    expect(await readPids(first)).toEqual(pids);
    expect((await first.succeed(['up'])).json).toMatchObject({ ok: true, run: null, steps: [] });
    const { proof } = (await second.succeed(['rebuild', '--confirm', 'second'])).json;
    expect(proof).toMatchObject({ lost: { samples: 0 } });
    expect(await readPids(first)).toEqual(pids);
  });
});
