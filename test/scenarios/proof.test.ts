/**
 * An operator counts the volume of a stack that runs, stops it, copies the volume, and has the copy proved; then a piece of
 * the copy is taken away, and the proof fails with exit status 13, names the window and the jobs, and writes nothing.
 */
import { cp, readFile, rm, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { TsdbProof } from '../../src/model/tsdb-proof.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { openAsker } from '../harness/ask-components.ts';
import { openHoldfast } from '../harness/holdfast.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';

describeStack('proof', () => {
  test('of a volume and its copy, whole and not', async () => {
    const holdfast = await openHoldfast();
    try {
      await holdfast.succeed(['up']);
      await (await openAsker(holdfast)).waitForSeries('count(count_over_time(up[1m]) > 2) >= 4');
      const data = holdfast.path('volumes', 'prometheus');
      const live = await holdfast.succeed(['inventory', data]);
      const file = holdfast.path('before.json');
      await writeFile(file, live.stdout);
      // What is not yet complete is not promised, so the volume that goes on holds all of it.
      const running = (await holdfast.succeed(['proof', file, data])).json as unknown as TsdbProof;
      expect(running.lost.windows).toEqual([]);
      expect(running.completeToMs).toBe((live.json as { completeToMs?: number }).completeToMs);
      await holdfast.succeed(['down']);
      const copy = holdfast.path('copy');
      await cp(data, copy, { recursive: true });
      const before = await snapshotTree(data);
      const proof = (await holdfast.succeed(['proof', data, copy])).json as unknown as TsdbProof;
      expect(proof.kept.samples).toBeGreaterThan(100);
      expect(proof.kept.samples).toBe(proof.inventory.totals.samples);
      expect((await holdfast.say(['proof', data, copy])).stdout).toContain('nothing was lost');
      await rm(join(copy, 'prometheus-db', 'wal'), { recursive: true });
      await cp(join(data, 'prometheus-db', 'wal', '00000000'), join(copy, 'prometheus-db', 'wal', '00000000'));
      await writeFile(join(copy, 'prometheus-db', 'wal', '00000000'), '');
      const lost = await holdfast.run(['proof', data, copy]);
      expect([lost.exitCode, lost.json.error?.code]).toEqual([13, 'samples-lost']);
      const { lost: missing } = lost.json as unknown as TsdbProof;
      expect(missing.samples).toBe(proof.kept.samples);
      expect(missing.windows[0]?.jobs.map(({ job }) => job)).toContain('prometheus');
      expect(missing.series?.listed).toHaveLength(20);
      expect(await snapshotTree(data)).toEqual(before);
      // What cannot be read of the first is proved by nothing.
      const damaged = holdfast.path('damaged');
      await cp(data, damaged, { recursive: true });
      const segment = join(damaged, 'prometheus-db', 'wal', '00000000');
      const bytes = await readFile(segment);
      bytes[20_000] = (bytes[20_000] ?? 0) ^ 1;
      await writeFile(segment, bytes);
      const unread = await holdfast.run(['proof', damaged, data]);
      expect([unread.exitCode, unread.json.error?.code]).toEqual([13, 'not-decided']);
      expect(unread.json.error?.message).toContain('not all of it can be read');
      const inWords = (await holdfast.say(['proof', damaged, data])).stdout;
      expect(inWords).toContain('nothing was lost of what can be read, and not all of it can (');
      // Nor does a directory without a sample prove anything, whatever the other one holds.
      const empty = holdfast.path('empty');
      await mkdir(join(empty, 'wal'), { recursive: true });
      await writeFile(join(empty, 'wal', '00000000'), '');
      const nothing = await holdfast.run(['proof', empty, data]);
      expect([nothing.exitCode, nothing.json.error?.code]).toEqual([13, 'nothing-to-prove']);
      expect((await holdfast.say(['proof', empty, data])).stdout).toContain('there was nothing to prove');
      await writeFile(file, live.stdout.slice(0, -20));
      const refused = await holdfast.run(['proof', file, copy]);
      expect([refused.exitCode, refused.json.error?.code]).toEqual([2, 'not-an-inventory']);
      expect(refused.json.error?.message).toMatch(/line \d+/);
    } finally {
      await holdfast.cleanUp();
    }
  });
});
