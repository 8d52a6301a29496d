/**
 * A byte of the WAL goes bad at rest. Prometheus would start on it and delete every record behind: it is not started, nothing
 * is changed, and `repair` keeps what is whole. While the stack runs, nothing is stopped that would be started on it again; after a
 * teardown and a repair, `up` says what the bad record held, and nothing else is lost.
 */
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TsdbInventory } from '../../src/model/tsdb-inventory.ts';
import { openAsker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { isBlockName } from '../../src/tsdb/block-name.ts';
import { segmentName } from '../../src/tsdb/head/wal-names.ts';
import { awaitFalselyMarked } from '../../src/tsdb/check/find-false-markers.ts';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { damageWal, flipByte } from './damage-wal.ts';
import { readPids } from './stack-pids.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';
import { waitFor } from '../harness/wait-for.ts';
import { writeWal, type WalEntry } from '../harness/write-head.ts';

describeStack('a WAL that is damaged in its midst', () => {
  let holdfast: Holdfast;
  const data = (...parts: readonly string[]) => holdfast.path('volumes', 'prometheus', 'prometheus-db', ...parts);
  const confirmed = ['--confirm', 'monitoring'];

  beforeAll(async () => {
    holdfast = await openHoldfast();
  });
  afterAll(async () => holdfast.cleanUp());

  const waitForSamples = async () => {
    const asker = await openAsker(holdfast);
    await asker.waitForSeries('count_over_time(up{job="node-exporter"}[1m]) > 12', 60_000);
  };
  const countSamples = async (): Promise<number> =>
    ((await holdfast.succeed(['inventory', data()])).json as unknown as TsdbInventory).totals.samples;

  test('at rest: up refuses, changes nothing, and status says why; once repaired, nearly all is there', async () => {
    await holdfast.succeed(['up']);
    await waitForSamples();
    await holdfast.succeed(['down']);
    const whole = await countSamples();
    const path = await damageWal(data());
    const before = await snapshotTree(data());
    const refused = await holdfast.run(['up']);
    expect([refused.exitCode, refused.json.error?.code]).toEqual([10, 'wal-damaged']);
    expect(refused.json.error?.message).toContain(path);
    expect(refused.json.error?.message).toMatch(/whole records with \d+ samples can be read/);
    expect(await snapshotTree(data())).toEqual(before);
    const status = await holdfast.status();
    const finding = status.findings.find(({ object }) => object === 'prometheus');
    expect(finding).toMatchObject({
      severity: 'error',
      remedy: expect.stringContaining('which keeps every record that is whole') as string,
    });
    await holdfast.succeed(['repair', ...confirmed]);
    const kept = await countSamples();
    expect(kept).toBeGreaterThan(whole / 2);
    expect(kept).toBeLessThan(whole);
    await holdfast.succeed(['up']);
    expect((await holdfast.status()).ok).toBe(true);
    expect(await countSamples()).toBeGreaterThanOrEqual(kept);
  });

  test('torn at its end, beside a WBL: cut off before the start, since Prometheus would not read the WBL else', async () => {
    await holdfast.succeed(['down']);
    writeWal(data('wbl', '00000000'), [{ series: 1, labels: { __name__: 'late' } }]);
    const names = (await readdir(data('wal'))).filter((name) => /^\d{8}$/.test(name)).sort();
    const last = data('wal', names.at(-1) ?? '');
    const bytes = await readFile(last);
    const torn = bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) - 2);
    await writeFile(last, torn);
    await holdfast.succeed(['up']);
    expect((await readFile(last)).length).toBeLessThan(torn.length);
    const daemon = await readFile(holdfast.path('logs', 'daemon.log'), 'utf8');
    expect(daemon).toContain('ended within a record: cut off there');
    const [aside = ''] = (await readdir(holdfast.path('set-aside', 'prometheus'))).sort().reverse();
    const kept = await readFile(holdfast.path('set-aside', 'prometheus', aside, 'wal', names.at(-1) ?? ''));
    expect(kept).toEqual(torn);
  });

  test('markers in the WBL of chunks that were never written: left out before the start, and the WBL set aside', async () => {
    await holdfast.succeed(['down']);
    const atMs = Date.now() - 600_000;
    const name = segmentName((await readdir(data('wbl'))).length);
    const wbl = data('wbl', name);
    writeWal(wbl, [{ samples: [[1, atMs, 1]] }, { markers: [[1, 0, 0]] }]);
    const before = await readFile(wbl);
    expect(await awaitFalselyMarked(data())).toMatchObject({ samples: 1, fromMs: atMs, toMs: atMs });
    await holdfast.succeed(['up']);
    expect(await awaitFalselyMarked(data())).toBeUndefined();
    const daemon = await readFile(holdfast.path('logs', 'daemon.log'), 'utf8');
    expect(daemon).toContain('wbl/ said of a sample that head chunks hold it, and none does');
    const [aside = ''] = (await readdir(holdfast.path('set-aside', 'prometheus'))).sort().reverse();
    expect(await readFile(holdfast.path('set-aside', 'prometheus', aside, 'wbl', name))).toEqual(before);
  });

  test('while it runs: a rebuild, and an up that would restart it, stop nothing; a teardown, a repair and an up say what was in the bad record', async () => {
    await waitForSamples();
    const path = await damageWal(data());
    const before = await readPids(holdfast);
    const expectRefusal = async (...command: readonly string[]) => {
      const { exitCode, json } = await holdfast.run(command);
      expect([command[0], exitCode, json.error?.code]).toEqual([command[0], 10, 'wal-damaged']);
      expect(json.error?.message).toContain(`${path} is damaged at byte `);
      expect(json.error?.message).toContain('Nothing was stopped or changed.');
      expect(json.error?.remedy).toMatch(/^Wait until [\dT:.-]+Z, when all that it holds now is in blocks/);
    };
    await expectRefusal('rebuild', ...confirmed);
    await expectRefusal('rebuild', '--plan');
    await holdfast.configure({ prometheus: { retention: '40d' } });
    await expectRefusal('up');
    await holdfast.configure({});
    // One that does not restart it has nothing against it.
    await holdfast.succeed(['up']);
    expect(await readPids(holdfast)).toEqual(before);
    expect((await holdfast.status()).ok).toBe(true);
    await holdfast.succeed(['teardown', ...confirmed]);
    await holdfast.succeed(['repair', ...confirmed]);
    const { exitCode, json } = await holdfast.run(['up']);
    expect([exitCode, json.error?.code]).toEqual([13, 'samples-lost']);
    const { proof } = (await holdfast.run(['rebuild', ...confirmed])).json;
    expect(proof?.kept.samples).toBeGreaterThan(proof?.lost.samples ?? Infinity);
    await holdfast.succeed(['rebuild', ...confirmed, '--unsafe-accept-loss']);
    expect((await holdfast.status()).ok).toBe(true);
  });

  test('while it runs, in what is in blocks by then: a teardown, a repair and an up lose nothing', async () => {
    await holdfast.succeed(['down']);
    await rm(data('wal'), { recursive: true });
    const nowMs = Date.now();
    writeWal(data('wal', segmentName(0)), [
      { series: 1, labels: { __name__: 'old' } },
      ...Array.from({ length: 960 }, (_, at): WalEntry => ({ samples: [[1, nowMs - 14_400_000 + at * 15_000, at]] })),
    ]);
    await holdfast.succeed(['up']);
    await waitFor('a block is cut', async () => (await readdir(data())).some(isBlockName));
    // Of the first of its four hours, of which all but the last three are in a block.
    await flipByte(data('wal', segmentName(0)), 4000);
    const refused = await holdfast.run(['rebuild', ...confirmed]);
    expect([refused.exitCode, refused.json.error?.code]).toEqual([10, 'wal-damaged']);
    await holdfast.succeed(['teardown', ...confirmed]);
    await holdfast.succeed(['repair', ...confirmed]);
    const { proof } = (await holdfast.succeed(['up'])).json;
    expect(proof?.lost.samples).toBe(0);
    const asker = await openAsker(holdfast);
    await asker.waitForSeries('count_over_time(old[5h]) >= 960', 30_000);
  });
});
