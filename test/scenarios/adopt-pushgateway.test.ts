/**
 * Somebody's own Pushgateway keeps its metrics in a file of another name. Its directory is adopted, and what was pushed is
 * there: under a name that our Pushgateway is not told, it would silently start empty.
 */
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ask, openAsker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { sendSignal, waitUntilGone } from '../harness/end-processes.ts';
import { findFreePorts } from '../harness/free-ports.ts';
import { openHoldfast } from '../harness/holdfast.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';
import { waitFor } from '../harness/wait-for.ts';

describeStack('adopt of a Pushgateway with a file of its own name', () => {
  test('keeps what was pushed, and leaves the directory as it was', async () => {
    const holdfast = await openHoldfast();
    const theirs = join(holdfast.directory, 'theirs');
    await mkdir(theirs);
    await pushTo(theirs);
    const before = await snapshotTree(theirs);
    await holdfast.succeed(['adopt', theirs]);
    await holdfast.succeed(['up']);
    expect(await snapshotTree(theirs)).toEqual(before);
    const metrics = await (await openAsker(holdfast)).get('pushgateway', '/metrics');
    expect(metrics).toMatch(/^their_metric\{.*job="theirs".*\} 42$/m);
  });
});

/** Runs a Pushgateway that is not ours on the directory, pushes, and stops it. */
async function pushTo(directory: string): Promise<void> {
  const [port = 0] = await findFreePorts(1);
  const program = join(process.env['HOLDFAST_TEST_PROGRAMS'] ?? '', 'prometheus-pushgateway');
  const words = [`--web.listen-address=127.0.0.1:${port}`, `--persistence.file=${join(directory, 'metrics.bin')}`];
  const { pid = -1 } = spawn(program, words, { stdio: 'ignore' });
  await waitFor('their Pushgateway is ready', async () => (await ask(port, '/-/ready')).status === 200);
  const { status } = await ask(port, '/metrics/job/theirs', { method: 'PUT', body: 'their_metric 42\n' });
  expect(status).toBe(200);
  sendSignal(pid, 'SIGTERM');
  await waitUntilGone(pid);
}
