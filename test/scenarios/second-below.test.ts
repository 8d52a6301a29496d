/**
 * A Prometheus was once started with a volume itself for its data directory, and so two TSDBs lie in it: one beside
 * prometheus-db/, and one in there. Whoever names the volume means one of them, and nobody can say which. So no verb takes
 * one and is silent about the other, and rescue lists both.
 */
import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RescueSurvey } from '../../src/model/found-volume.ts';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { copyBlocks, dayMs, makeBlocks, type MadeBlocks } from '../harness/make-blocks.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];

describe.skipIf(programs === undefined)('one TSDB below another (skipped where there is no promtool)', () => {
  let holdfast: Holdfast;
  let share = '';
  let made: MadeBlocks;
  const volume = () => join(share, 'pvc-a');
  const lower = () => join(volume(), 'prometheus-db');
  const whole = () => join(share, 'whole');

  beforeAll(async () => {
    holdfast = await openHoldfast();
    share = await mkdtemp(join(tmpdir(), 'holdfast-second-'));
    made = await makeBlocks({ endsBeforeNowMs: 2 * dayMs, spanMs: dayMs / 4, everyMs: 60_000, series: 3 });
    await mkdir(lower(), { recursive: true });
    await mkdir(whole());
    await copyBlocks(made.directory, volume(), made.blocks.slice(0, 1));
    await copyBlocks(made.directory, lower(), made.blocks.slice(1));
    await copyBlocks(made.directory, whole());
    // What was written to just now is not discarded.
    const yesterday = new Date(Date.now() - dayMs);
    for (const entry of await readdir(whole(), { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) await utimes(join(entry.parentPath, entry.name), yesterday, yesterday);
    }
  });
  afterAll(async () => {
    await holdfast.cleanUp();
    await rm(share, { recursive: true, force: true });
  });

  test.each<[string, () => readonly string[]]>([
    ['inventory', () => ['inventory', volume()]],
    ['check', () => ['check', volume()]],
    ['coverage', () => ['coverage', volume()]],
    ['proof, of what there was before', () => ['proof', volume(), whole()]],
    ['proof, of what there is now', () => ['proof', whole(), volume()]],
    ['rescue stitch', () => ['rescue', 'stitch', volume(), whole(), '--into', join(share, 'new'), '--plan']],
    ['repair', () => ['repair', volume(), '--plan']],
    ['adopt', () => ['adopt', volume(), '--plan']],
  ])('is refused by %s', async (_, words) => {
    const before = await snapshotTree(share);
    const { exitCode, json } = await holdfast.run([...words()]);
    expect([exitCode, json.error?.code]).toEqual([10, 'ambiguous-directory']);
    expect(json.error?.message).toContain(`${volume()} holds data of prometheus`);
    expect(json.error?.message).toContain(lower());
    expect(await snapshotTree(share)).toEqual(before);
  });

  test('is refused by rescue discard, to be discarded as well as to keep', async () => {
    const discarded = await holdfast.run(['rescue', 'discard', volume(), '--plan']);
    expect([discarded.exitCode, discarded.json.error?.code]).toEqual([10, 'not-discardable']);
    expect(discarded.json.error?.message).toContain(lower());
    const kept = await holdfast.run(['rescue', 'discard', whole(), '--kept-in', volume(), '--plan']);
    expect([kept.exitCode, kept.json.error?.code]).toEqual([10, 'not-elsewhere']);
    expect(kept.json.error?.message).toContain(lower());
  });

  test('is taken where it is named itself', async () => {
    const { json } = await holdfast.succeed(['inventory', lower()]);
    expect(json).toMatchObject({ blocks: made.blocks.slice(1).map((ulid) => ({ ulid })) });
  });

  test('both are listed by rescue', async () => {
    const survey = (await holdfast.succeed(['rescue', share])).json as unknown as RescueSurvey;
    expect(survey.volumes.map(({ path, dataDirectory }) => ({ path, dataDirectory }))).toEqual(
      [volume(), lower(), whole()].map((path) => ({ path, dataDirectory: path })),
    );
  });
});
