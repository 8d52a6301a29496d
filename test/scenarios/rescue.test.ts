/**
 * An operator finds a share full of directories that provisioners have made, and asks what each of them is. Every one is
 * told by what lies in it: whose it was, whether a stack uses it, what it spans, which are copies of one another. Nothing
 * on the share changes, and one of the orphans is then taken in with its history.
 */
import { cp, mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { FoundVolume, RescueSurvey } from '../../src/model/found-volume.ts';
import { openAsker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { dayMs, makeBlocks, type MadeBlocks } from '../harness/make-blocks.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';

const pv = (digit: number) => `pvc-0000000${digit}-1111-2222-3333-444455556666`;
const alertmanagerClaim = 'alertmanager-kps-alertmanager-db-alertmanager-kps-alertmanager-0';

describeStack('rescue of a share', () => {
  test('says what each directory is, and an orphan is taken in', async () => {
    const holdfast = await openHoldfast();
    const blocks = await makeBlocks({ endsBeforeNowMs: 2 * dayMs, spanMs: 12 * 3_600_000, everyMs: 60_000, series: 3 });
    const share = join(holdfast.directory, 'share');
    await fillShare(share, { holdfast, blocks });
    const before = await snapshotTree(share);
    const survey = (await holdfast.succeed(['rescue', share])).json as unknown as RescueSurvey;
    const said = await holdfast.say(['rescue', share]);
    expect(await snapshotTree(share)).toEqual(before);

    const found = (path: string): FoundVolume => {
      const one = survey.volumes.find((volume) => volume.path === join(share, path));
      if (one === undefined) throw new Error(`no ${path} among ${survey.volumes.map((volume) => volume.path).join()}`);
      return one;
    };
    expect(survey.volumes).toHaveLength(11);
    expect(survey.unreadable).toEqual([]);
    const boundTo = { stack: 'monitoring', dataRoot: join(share, 'data-root') };
    expect(found('data-root/volumes/prometheus')).toMatchObject({ kind: 'prometheus', by: 'identity', boundTo });
    expect(found('data-root/volumes/pushgateway')).toMatchObject({ kind: 'pushgateway', stack: 'monitoring', boundTo });
    // Its identity tells whose it was; its place, that nobody uses it.
    expect(found('moved-away')).toMatchObject({ kind: 'alertmanager', stack: 'monitoring', boundTo: null });
    expect(found(pv(1))).toMatchObject({ kind: 'prometheus', form: 'volume', stack: null, claim: null, by: 'labels' });
    expect(found(pv(1)).labels.job).toEqual(['alertmanager', 'batch', 'node-exporter', 'prometheus', 'pushgateway']);
    expect(found(pv(1)).coverage).toMatchObject({ blocks: 0, hasHead: true });
    expect(found(`archived-monitoring-${alertmanagerClaim}-${pv(2)}`)).toMatchObject({
      kind: 'alertmanager',
      form: 'archived',
      claim: `monitoring/${alertmanagerClaim}`,
    });
    expect(found(`${pv(3)}_monitoring_gateway`)).toMatchObject({ kind: 'pushgateway', claim: 'monitoring/gateway' });
    const whole = found('old/prometheus-of-2025');
    expect(whole).toMatchObject({ form: 'volume', damage: [], coverage: { samples: blocks.samples, hasHead: false } });
    expect(whole.coverage?.fromMs).toBe(blocks.oldestMs);
    expect(found('old/half')).toMatchObject({ form: 'copy' });
    expect(found('old/half').duplicates).toContainEqual({ path: whole.path, blocks: 3 });
    expect(found('old/prometheus-of-2025/snapshots/20251101T000000Z-0000')).toMatchObject({ form: 'snapshot' });
    expect(found('old/broken').damage).toEqual([`block ${blocks.blocks[0] ?? ''}: index is missing`]);
    expect(said.stdout).toContain('11 volumes in ');
    expect(said.stdout).toContain('old/broken: damaged: block');

    await holdfast.succeed(['adopt', whole.path]);
    await holdfast.succeed(['up']);
    const count = await (await openAsker(holdfast)).query('count(last_over_time(fixture_value[7d]))', Date.now());
    expect(Object.values(count)).toEqual(['3']);
  });

  test('a directory that is none is said to be none', async () => {
    const holdfast = await openHoldfast();
    const [nowhere, file] = [join(holdfast.directory, 'nowhere'), holdfast.configFile];
    for (const [verb, ...rest] of [['rescue'], ['inventory'], ['check'], ['proof', holdfast.directory]] as const) {
      const { exitCode, json } = await holdfast.run([verb, nowhere, ...rest]);
      expect([verb, exitCode, json.error?.code]).toEqual([verb, 2, 'not-a-directory']);
      expect(json.error?.message).toBe(`${nowhere} is not there. Nothing was looked at.`);
    }
    for (const verb of ['rescue', 'inventory', 'check']) {
      const { exitCode, json } = await holdfast.run([verb, file]);
      expect([exitCode, json.error?.message]).toEqual([2, `${file} is not a directory. Nothing was looked at.`]);
    }
  });
});

/** What provisioners, people and a stack of ours have left there. */
async function fillShare(share: string, { holdfast, blocks }: { holdfast: Holdfast; blocks: MadeBlocks }) {
  const stack = await openHoldfast();
  await stack.succeed(['up']);
  const asker = await openAsker(stack);
  await asker.push('batch', 'pushed', 1);
  await asker.waitForSeries('count(count by (job) (up)) == 4');
  await stack.succeed(['down']);
  const copy = (from: string, to: string) => cp(from, join(share, to), { recursive: true });
  await mkdir(share);
  await copy(stack.path(), 'data-root');
  const volume = (...parts: string[]) => stack.path('volumes', ...parts);
  await copy(volume('alertmanager'), 'moved-away');
  await copy(volume('prometheus', 'prometheus-db'), `${pv(1)}/prometheus-db`);
  await copy(
    volume('alertmanager', 'alertmanager-db'),
    `archived-monitoring-${alertmanagerClaim}-${pv(2)}/alertmanager-db`,
  );
  await copy(volume('pushgateway', 'pushgateway.data'), `${pv(3)}_monitoring_gateway/pushgateway.data`);
  await copy(blocks.directory, 'old/prometheus-of-2025');
  const [first = '', second = '', third = ''] = blocks.blocks;
  for (const ulid of [first, second, third]) await copy(join(blocks.directory, ulid), `old/half/${ulid}`);
  await copy(join(blocks.directory, second), `old/prometheus-of-2025/snapshots/20251101T000000Z-0000/${second}`);
  await copy(join(blocks.directory, first), `old/broken/${first}`);
  await rm(join(share, 'old/broken', first, 'index'));
  await symlink(holdfast.directory, join(share, 'old/link'));
  await mkdir(join(share, 'lost+found'));
}
