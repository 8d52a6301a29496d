/**
 * Ten days of blocks, and the owner wants to keep three. `up` refuses, since the blocks would be gone at the start.
 * Told --unsafe-let-retention-delete, a rebuild goes on: Prometheus deletes the old blocks, and the proof calls them what
 * they are, expired by the owner's own words, and nothing else is missing.
 */
import { expect, test } from 'vitest';
import { openHoldfast } from '../harness/holdfast.ts';
import { openAsker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import type { Holdfast } from '../harness/holdfast.ts';
import { dayMs, makeBlocks, type MadeBlocks } from '../harness/make-blocks.ts';
import { readPids } from './stack-pids.ts';

describeStack('a lowered retention', () => {
  let holdfast: Holdfast;
  let made: MadeBlocks;

  test('ten days of blocks under a retention that keeps them', async () => {
    holdfast = await openHoldfast();
    made = await makeBlocks({
      endsBeforeNowMs: dayMs,
      spanMs: 10 * dayMs,
      everyMs: 600_000,
      series: 2,
      blockMs: dayMs,
    });
    await holdfast.succeed(['adopt', made.directory]);
    await holdfast.succeed(['up']);
  });

  test('is refused, and nothing stops', async () => {
    const pids = await readPids(holdfast);
    await holdfast.configure({ prometheus: { retention: '3d' } });
    const { exitCode, json } = await holdfast.run(['up']);
    expect(exitCode).toBe(10);
    expect(json.error?.code).toBe('retention-would-delete');
    expect(await readPids(holdfast)).toEqual(pids);
  });

  test('with --unsafe-let-retention-delete it passes, and the proof calls the old blocks expired', async () => {
    const words = ['rebuild', '--confirm', 'monitoring', '--unsafe-let-retention-delete'];
    const { proof } = (await holdfast.succeed(words)).json;
    const expired = proof?.expired.samples ?? 0;
    expect(expired).toBeGreaterThan(made.samples / 3);
    expect(proof).toMatchObject({ lost: { samples: 0, windows: [] } });
    expect(proof?.findings.map(({ rule }) => rule)).toContain('retention-let-delete');
    const asker = await openAsker(holdfast);
    const kept = Object.values(await asker.query('count_over_time(fixture_value[10d])', made.newestMs)).map(Number);
    expect(kept.reduce((sum, count) => sum + count, 0)).toBe(made.samples - expired);
    expect(await holdfast.status()).toMatchObject({ ok: true, lastProof: { ok: true } });
  });
});
