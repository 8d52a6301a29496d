/**
 * An operator counts what a stack's TSDB holds while it runs, and again when it is down: what was complete then is the same
 * to the sample, Prometheus is not disturbed, and nothing is written. A directory that is none is said to be none.
 */
import { expect, test } from 'vitest';
import type { TsdbInventory } from '../../src/model/tsdb-inventory.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { openAsker } from '../harness/ask-components.ts';
import { mainFile, openHoldfast } from '../harness/holdfast.ts';
import { runCommand } from '../harness/run-command.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';

describeStack('inventory', () => {
  test('of a stack that runs, and of the same when it is down', async () => {
    const holdfast = await openHoldfast();
    try {
      await holdfast.succeed(['up']);
      const data = holdfast.path('volumes', 'prometheus');
      await (await openAsker(holdfast)).waitForSeries('count(count_over_time(up[1m]) > 2) >= 4');
      const live = (await holdfast.succeed(['inventory', data])).json as unknown as TsdbInventory;
      expect(live).toMatchObject({ format: 1 });
      expect(live.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(live.totals.samples).toBeGreaterThan(100);
      expect(live.jobs.map(({ job }) => job)).toContain('prometheus');
      // While it is written to, the last minute is not promised.
      expect(live.completeToMs).toBeLessThan(Date.now() - 50_000);
      await holdfast.succeed(['down']);
      const before = await snapshotTree(data);
      const still = (await holdfast.succeed(['inventory', data])).json as unknown as TsdbInventory;
      const again = (await holdfast.succeed(['inventory', `${data}/prometheus-db`])).json as unknown as TsdbInventory;
      expect(await snapshotTree(data)).toEqual(before);
      expect(again).toEqual(still);
      expect(still.totals.samples).toBeGreaterThanOrEqual(live.totals.samples);
      expect(still.completeToMs).toBe(Math.max(...still.windows.map(({ lastMs }) => lastMs ?? 0)));
      const said = await holdfast.say(['inventory', data]);
      expect(said.stdout).toContain('DIGEST');
      const words = ['-c', '"$0" "$1" inventory "$2" --json > /dev/full', process.execPath, mainFile(), data];
      const unwritten = await runCommand('sh', words, { environment: holdfast.environment });
      expect(unwritten.exitCode).toBe(1);
      expect(unwritten.stderr).toContain('could not be written to stdout: ENOSPC');
      const none = await holdfast.run(['inventory', holdfast.path('journal')]);
      expect([none.exitCode, none.json.error?.code]).toEqual([2, 'not-a-tsdb']);
    } finally {
      await holdfast.cleanUp();
    }
  });
});
