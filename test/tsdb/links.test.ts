/**
 * A data directory in which somebody has put symbolic links where directories belong: a block, a block's chunks/, wal/, a
 * checkpoint and chunks_head/ that lie elsewhere. A real Prometheus passes over such a block and follows the others; we
 * follow none of them, read nothing that lies outside of the volume, and say so. A proof with one in it is none.
 */
import { cp, mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TsdbInventory } from '../../src/model/tsdb-inventory.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { checkDirectory, said } from './check-directory.ts';
import { makeBlocksByPromtool } from './make-blocks-by-promtool.ts';
import { waitFor } from '../harness/wait-for.ts';
import { openFixture } from './prometheus.ts';
import { planFor } from './repair-directory.ts';
import { inventoriesOf } from './inventories-of.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const hourMs = 3_600_000;

describe.skipIf(programs === undefined)('links in a data directory (skipped where there is no Prometheus)', () => {
  let directory = '';
  let whole = '';
  let data = '';
  let elsewhere = '';
  let names: readonly string[] = [];
  const perBlock = 4 * 120;
  const startMs = Math.floor((Date.now() - 72 * hourMs) / (2 * hourMs)) * 2 * hourMs;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-links-'));
    whole = join(directory, 'whole');
    const shape = { startMs, hours: 4, everyMs: 60_000, series: 4, valueOf: (one: number, at: number) => one + at / 3 };
    await makeBlocksByPromtool(join(programs ?? '', 'promtool'), { ...shape, into: whole });
    names = (await readdir(whole)).sort();
    const fixture = await openFixture({ program: join(programs ?? '', 'prometheus'), scrapesItself: true });
    try {
      await fixture.start();
      await waitFor('samples come in', async () => fixture.inventory().totals.samples > 0);
      await fixture.stop();
      for (const name of ['wal', 'chunks_head'])
        await cp(join(fixture.data, name), join(whole, name), { recursive: true });
    } finally {
      await fixture.cleanUp();
    }
  });
  beforeEach(async () => {
    data = join(directory, 'data');
    elsewhere = join(directory, 'elsewhere');
    for (const path of [data, elsewhere]) await rm(path, { recursive: true, force: true });
    await cp(whole, data, { recursive: true });
    await mkdir(elsewhere);
  });
  afterAll(async () => rm(directory, { recursive: true, force: true }));

  /** Moves it out of the volume and leaves a link in its place. */
  const leaveLink = async (path: string): Promise<void> => {
    const to = join(elsewhere, path.replaceAll('/', '-'));
    await rename(join(data, path), to);
    await symlink(to, join(data, path));
  };
  const both = () => inventoriesOf(data);
  const words = ({ findings }: TsdbInventory) =>
    findings.map(({ severity, rule, file }) => `${severity} ${rule} ${file}`);

  test('a block that is a link is no block, as for Prometheus', async () => {
    const [name = ''] = names;
    const [before] = both();
    await leaveLink(name);
    for (const inventory of both()) {
      expect(inventory.totals.samples).toBe((before?.totals.samples ?? 0) - perBlock);
      expect(words(inventory)).toEqual([`info symbolic-link ${name}`]);
    }
    expect(said(checkDirectory(data))).toEqual([`info symbolic-link ${name}`]);
    expect(plannedFor(data)).toEqual([`info symbolic-link ${name}`]);
    // Each is told once: one that Prometheus would follow is in the way.
    await leaveLink('wal');
    expect(plannedFor(data)).toEqual(['error in-the-way wal', `info symbolic-link ${name}`]);
  });

  test('chunks of a block that lie behind a link are not read', async () => {
    const [name = ''] = names;
    const [before] = both();
    await leaveLink(join(name, 'chunks'));
    for (const inventory of both()) {
      expect(inventory.totals.samples).toBe((before?.totals.samples ?? 0) - perBlock);
      expect(words(inventory)).toContain(`error symbolic-link ${name}/chunks`);
    }
    expect(said(checkDirectory(data))).toContain(`error symbolic-link ${name}/chunks`);
    expect(() => quietFiles(data).open(join(name, 'chunks', '000001'))).toThrow(/symbolic link/);
  });

  test('a WAL, a checkpoint and head chunks behind links are not read, and that is an error', async () => {
    const blocks = perBlock * names.length;
    await leaveLink('wal');
    for (const inventory of both()) {
      expect(inventory.totals.samples).toBe(blocks);
      expect(words(inventory)).toEqual(['error symbolic-link wal']);
    }
    expect(said(checkDirectory(data))).toEqual(['error symbolic-link wal']);
    await rm(join(data, 'wal'));
    await cp(join(whole, 'wal'), join(data, 'wal'), { recursive: true });
    await leaveLink('chunks_head');
    expect(said(checkDirectory(data))).toEqual(['error symbolic-link chunks_head']);
    await mkdir(join(elsewhere, 'checkpoint'));
    await symlink(join(elsewhere, 'checkpoint'), join(data, 'wal', 'checkpoint.00000000'));
    for (const inventory of both()) {
      expect(words(inventory)).toEqual([
        'error symbolic-link chunks_head',
        'error symbolic-link wal/checkpoint.00000000',
      ]);
    }
  });

  test('a Prometheus passes over the block and follows the WAL', async () => {
    const [name = ''] = names;
    const fixture = await openFixture({ program: join(programs ?? '', 'prometheus') });
    try {
      await cp(whole, fixture.data, { recursive: true });
      for (const path of [name, 'wal']) {
        await rename(join(fixture.data, path), join(elsewhere, path));
        await symlink(join(elsewhere, path), join(fixture.data, path));
      }
      await fixture.start();
      const query = `/api/v1/query?query=count_over_time(check_value%5B1d%5D)&time=${(startMs + 4 * hourMs) / 1000}`;
      const { body } = await fixture.ask(query);
      const { data: answer } = JSON.parse(body) as { data: { result: { value: [number, string] }[] } };
      expect(answer.result.map(({ value }) => value[1])).toEqual(['120', '120', '120', '120']);
      await fixture.stop();
      expect((await readdir(join(elsewhere, 'wal'))).length).toBeGreaterThan(
        (await readdir(join(whole, 'wal'))).length,
      );
    } finally {
      await fixture.cleanUp();
    }
  });
});

/** What the plan of a repair says, which changes nothing here. */
function plannedFor(data: string): readonly string[] {
  const { findings, steps } = planFor(data);
  expect(steps).toEqual([]);
  return findings.map(({ severity, rule, object }) => `${severity} ${rule} ${object}`);
}
