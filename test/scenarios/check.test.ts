/**
 * An operator checks the volume of a stack that runs, by name and by path: nothing is damaged, nothing is written, and the
 * rate keeps to what was asked. A copy in which a crash has left zeros is found damaged, with what and where. What the
 * retention is about to delete is said of the stack's own volume only. A directory that is no TSDB is said to be none.
 */
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { StackFile } from '../../src/model/stack-file.ts';
import type { TsdbCheck } from '../../src/model/tsdb-check.ts';
import type { StackCheck } from '../../src/observations/component-data/merge-checks.ts';
import { openAsker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { dayMs, makeBlocks } from '../harness/make-blocks.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';

describeStack('check', () => {
  let holdfast: Holdfast;
  const volume = () => holdfast.path('volumes', 'prometheus');
  const check = async (argumentList: readonly string[], exitCode = 0): Promise<TsdbCheck> => {
    const outcome = await holdfast.run(['check', ...argumentList]);
    expect([outcome.exitCode, outcome.json.error?.code]).toEqual([
      exitCode,
      exitCode === 0 ? undefined : 'damaged-tsdb',
    ]);
    return outcome.json as unknown as TsdbCheck;
  };
  const alarms = ({ findings }: TsdbCheck) => findings.filter(({ severity }) => severity !== 'info');

  test('of a stack that runs: by its name, by nothing, by a path', async () => {
    holdfast = await openHoldfast();
    const made = await makeBlocks({ endsBeforeNowMs: dayMs, spanMs: dayMs / 4, everyMs: 60_000, series: 5 });
    await holdfast.succeed(['adopt', made.directory]);
    await holdfast.succeed(['up']);
    const asker = await openAsker(holdfast);
    await asker.waitForSeries('count(count_over_time(up[1m]) > 2) >= 4');
    await asker.push('batch', 'pushed', 1);
    for (const named of [['prometheus'], [], [volume()], [join(volume(), 'prometheus-db')]]) {
      const checked = await check(named);
      expect(alarms(checked)).toEqual([]);
      expect(checked).toMatchObject({ ok: true, bytes: expect.any(Number), seconds: expect.any(Number) });
    }
    expect((await holdfast.status()).ok).toBe(true);
  });

  test('of the same when it is down: nothing is written, and it is no faster than it may be', async () => {
    await holdfast.succeed(['down']);
    const before = await snapshotTree(volume());
    const rate = 200 * 1024;
    const { bytes, seconds } = await check(['prometheus', '--max-rate', '200KB']);
    expect(seconds).toBeGreaterThanOrEqual((bytes / rate) * 0.9);
    expect(await snapshotTree(volume())).toEqual(before);
    const said = await holdfast.say(['check']);
    expect(said.stdout).toContain('nothing is damaged');
    expect((await holdfast.run(['check', '--max-rate', 'fast'])).exitCode).toBe(2);
  });

  test('what the retention of the stack deletes is said of its own volume', async () => {
    const text = await readFile(holdfast.path('stack.json'), 'utf8');
    const stack = JSON.parse(text) as StackFile;
    const short = { ...stack, retention: { timeMs: 3_600_000, sizeBytes: 0, raises: [] } };
    await writeFile(holdfast.path('stack.json'), JSON.stringify(short));
    const { ok, findings } = await check(['prometheus']);
    expect(ok).toBe(true);
    expect(findings.filter(({ rule }) => rule === 'retention-deletes').length).toBeGreaterThan(0);
    const copy = join(holdfast.directory, 'elsewhere');
    await cp(volume(), copy, { recursive: true });
    expect(alarms(await check([copy]))).toEqual([]);
    await writeFile(holdfast.path('stack.json'), text);
  });

  test('a copy with zeros where a crash left them is damaged: 12, with what and where', async () => {
    const copy = join(holdfast.directory, 'damaged');
    await cp(join(volume(), 'prometheus-db'), copy, { recursive: true });
    const [block = ''] = (await readdir(copy)).filter((name) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(name)).sort();
    const file = join(copy, block, 'chunks', '000001');
    const bytes = await readFile(file);
    await writeFile(file, bytes.fill(0, 512));
    const { ok, findings } = await check([copy], 12);
    expect(ok).toBe(false);
    expect(findings).toContainEqual(
      expect.objectContaining({ rule: 'zero-filled', severity: 'error', file: `${block}/chunks/000001` }),
    );
    expect(findings.find(({ rule }) => rule === 'zero-filled')?.series).toMatch(/^fixture_value\{/);
    const said = await holdfast.say(['check', copy]);
    expect([said.exitCode, said.stdout.includes('DAMAGED'), said.stderr.includes('is damaged')]).toEqual([
      12,
      true,
      true,
    ]);
  });

  test('every volume of the stack at once, or one of another component, by name or by path', async () => {
    const all = (await check([])) as StackCheck;
    expect(all.volumes.map(({ component }) => component)).toEqual(
      expect.arrayContaining(['prometheus', 'alertmanager', 'pushgateway']),
    );
    expect(all.bytes).toBe(all.volumes.reduce((sum, { bytes }) => sum + bytes, 0));
    const loaded = all.findings.filter(
      ({ rule, file }) => rule === 'loaded' && file === 'pushgateway/pushgateway.data',
    );
    expect(loaded[0]?.message).toMatch(/^Pushgateway \d.* loads a copy of pushgateway\.data: 1 groups, 1 series\.$/);
    const [silences, file] = [holdfast.path('volumes', 'alertmanager', 'alertmanager-db'), 'silences'];
    const whole = await readFile(join(silences, file));
    const before = await snapshotTree(silences);
    expect(await check(['alertmanager'])).toMatchObject({ ok: true, directory: silences, component: 'alertmanager' });
    expect(await snapshotTree(silences)).toEqual(before);
    await writeFile(join(silences, file), Buffer.concat([whole, Buffer.from([0x40, 0x0a])]));
    for (const words of [['alertmanager'], [holdfast.path('volumes', 'alertmanager')], [silences]]) {
      const { json, exitCode } = await holdfast.run(['check', ...words]);
      expect([exitCode, json.error?.code]).toEqual([12, 'damaged-data']);
      const { findings } = json as unknown as TsdbCheck;
      expect(findings).toMatchObject([{ rule: 'truncated', file, offset: whole.length }]);
    }
    const damaged = await holdfast.run(['check']);
    expect([damaged.exitCode, damaged.json.error?.code]).toEqual([12, 'damaged-data']);
    await writeFile(join(silences, file), whole);
    const gob = holdfast.path('volumes', 'pushgateway', 'pushgateway.data');
    const pushed = await readFile(gob);
    await writeFile(gob, pushed.subarray(0, pushed.length - 3));
    expect((await holdfast.run(['check', 'pushgateway'])).exitCode).toBe(12);
    expect(await readFile(gob)).toEqual(pushed.subarray(0, pushed.length - 3));
    await writeFile(gob, pushed);
  });

  test('what is no TSDB, and a component that has none', async () => {
    const none = await holdfast.run(['check', holdfast.path('journal')]);
    expect([none.exitCode, none.json.error?.code]).toEqual([2, 'not-a-tsdb']);
    const unknown = await holdfast.run(['check', 'node-exporter']);
    expect([unknown.exitCode, unknown.json.error?.code]).toEqual([2, 'bad-arguments']);
  });
});
