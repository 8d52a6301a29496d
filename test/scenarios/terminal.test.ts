/**
 * A person at a terminal rebuilds. The plan is shown and the name of the stack is asked for. A wrong name is refused, and
 * Ctrl-C at the question leaves everything as it is: the same processes run on. The right name goes on, to the proof.
 */
import { expect, test } from 'vitest';
import { openHoldfast } from '../harness/holdfast.ts';
import { describeStack } from '../harness/describe-stack.ts';
import type { Holdfast } from '../harness/holdfast.ts';
import { openTerminal } from '../harness/terminal.ts';
import { readPids } from './stack-pids.ts';

const question = 'To rebuild the stack demo, type its name (Ctrl-C leaves everything as it is): ';

describeStack('a person at a terminal', () => {
  let holdfast: Holdfast;
  let pids: Readonly<Record<string, number>>;

  const verbsThatRan = async () => (await holdfast.succeed(['runs'])).json.runs?.map(({ verb }) => verb);

  test('up asks nothing, and shows each step and the table', async () => {
    holdfast = await openHoldfast({ config: { stack: 'demo' } });
    const terminal = openTerminal(holdfast, ['up']);
    expect(await terminal.exitCode).toBe(0);
    expect(terminal.screen()).toContain('start prometheus');
    expect(terminal.screen()).toMatch(/prometheus +\S*running/);
    expect(terminal.screen()).not.toContain('type its name');
    pids = await readPids(holdfast);
  });

  test('another name is refused', async () => {
    const terminal = openTerminal(holdfast, ['rebuild']);
    await terminal.waitForText(question);
    expect(terminal.screen()).toContain(`stop prometheus (pid ${pids['prometheus']})`);
    terminal.type('monitoring\r');
    expect(await terminal.exitCode).toBe(10);
    expect(terminal.screen()).toContain('The stack is called "demo", not "monitoring". Nothing was changed.');
    expect(await readPids(holdfast)).toEqual(pids);
  });

  test('Return alone is no yes', async () => {
    const terminal = openTerminal(holdfast, ['teardown']);
    await terminal.waitForText('To teardown the stack demo, type its name');
    terminal.type('\r');
    expect(await terminal.exitCode).toBe(10);
    expect(await readPids(holdfast)).toEqual(pids);
  });

  test('Ctrl-C leaves everything as it is', async () => {
    const terminal = openTerminal(holdfast, ['rebuild']);
    await terminal.waitForText(question);
    terminal.type('dem\x03');
    expect(await terminal.exitCode).toBe(130);
    expect(terminal.screen()).toContain('Nothing was changed.');
    expect(await readPids(holdfast)).toEqual(pids);
    expect(await verbsThatRan()).toEqual(['up']);
  });

  test('the right name goes on, and it ends with the proof', async () => {
    const terminal = openTerminal(holdfast, ['rebuild'], { NO_COLOR: '1' });
    await terminal.waitForText(question);
    terminal.type('demo\r');
    expect(await terminal.exitCode).toBe(0);
    expect(terminal.screen()).toMatch(/Proof of run \S+-rebuild-\S+: nothing was lost/);
    expect(terminal.screen()).toMatch(/^ {2}lost +0\r?$/m);
    expect((await readPids(holdfast))['prometheus']).not.toBe(pids['prometheus']);
    expect(await verbsThatRan()).toContain('rebuild');
  });
});
