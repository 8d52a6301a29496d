/**
 * A volume whose wal/ is gone, deleted to make room or never copied, while chunks_head/ is there: its samples are newer than
 * every block, and nothing says whose they are. A real Prometheus starts on it and returns none of them without a word.
 * Nobody may call such a directory whole, or discard it for what its blocks hold.
 */
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { holdFiles } from '../../src/tsdb/files/held-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { checkDirectory, said } from './check-directory.ts';
import { openFixture, type Fixture } from './prometheus.ts';
import { remoteWrite } from './remote-write.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];

describe.skipIf(programs === undefined)('head chunks without a WAL (skipped where there is no Prometheus)', () => {
  let fixture: Fixture;
  let data = '';
  const startMs = Math.floor(Date.now() / 60_000) * 60_000 - 1_800_000;

  beforeAll(async () => {
    const flags = ['--web.enable-remote-write-receiver'];
    fixture = await openFixture({ program: join(programs ?? '', 'prometheus'), flags });
    await fixture.start();
    const samples = Array.from({ length: 500 }, (_, at) => ({ timeMs: startMs + at * 1000, value: at }));
    await remoteWrite(fixture, [{ labels: { __name__: 'nameless' }, samples }]);
    await fixture.stop();
    data = join(fixture.directory, 'data-of-the-test');
  });
  beforeEach(async () => {
    await rm(data, { recursive: true, force: true });
    await cp(fixture.data, data, { recursive: true });
  });
  afterAll(async () => fixture.cleanUp());

  const take = () => {
    const files = holdFiles(data);
    try {
      return takeInventory({ files, settledMs: null, onRead: () => undefined });
    } finally {
      files.close();
    }
  };

  test('with its WAL it is whole', () => {
    expect(take()).toMatchObject({ totals: { samples: 500 }, findings: [] });
    expect(said(checkDirectory(data)).filter((one) => one.startsWith('error'))).toEqual([]);
  });

  test.each([
    ['is empty', () => Promise.resolve()],
    ['has lost its first segment', (path: string) => writeFile(join(path, '00000001'), '')],
  ])('a checkpoint that %s is no place for the labels of series, though wal/ has bytes', async (_, fill) => {
    const checkpoint = join(data, 'wal', 'checkpoint.00000000');
    await mkdir(checkpoint);
    await fill(checkpoint);
    await cp(join(data, 'wal', '00000000'), join(data, 'wal', '00000001'), { force: false });
    expect(take().findings).toMatchObject([
      { rule: 'hollow-checkpoint', severity: 'error', file: 'wal/checkpoint.00000000' },
    ]);
    expect(said(checkDirectory(data))).toContain('error hollow-checkpoint wal/checkpoint.00000000');
  });

  test('a segment that is numbered like none is told: Prometheus does not start', async () => {
    await writeFile(join(data, 'wal', '7'), '');
    const other = await openFixture({ program: join(programs ?? '', 'prometheus') });
    try {
      await cp(data, other.data, { recursive: true });
      expect(await other.startOrEnd()).toBe(false);
    } finally {
      await other.cleanUp();
    }
    expect(take().findings).toMatchObject([{ rule: 'stray-segment', severity: 'error', file: 'wal/7' }]);
  });

  test.each([
    ['gone', async () => rm(join(data, 'wal'), { recursive: true })],
    [
      'there, and empty',
      async () => {
        await rm(join(data, 'wal'), { recursive: true });
        await mkdir(join(data, 'wal'));
        await writeFile(join(data, 'wal', '00000000'), '');
      },
    ],
  ])('without one it is not: wal/ is %s', async (_, lose) => {
    expect(await readdir(join(data, 'chunks_head'))).not.toEqual([]);
    await lose();
    const { totals, findings } = take();
    expect(totals.samples).toBe(0);
    expect(findings).toMatchObject([
      { rule: 'unknown-series', severity: 'error', file: 'chunks_head', fromMs: startMs },
    ]);
    expect(said(checkDirectory(data))).toContain('error unknown-series chunks_head');
  });

  test('a Prometheus returns none of them', async () => {
    await rm(join(fixture.data, 'wal'), { recursive: true });
    await fixture.start();
    const { body } = await fixture.ask('/api/v1/query?query=count_over_time(nameless%5B1d%5D)');
    expect(JSON.parse(body)).toMatchObject({ data: { result: [] } });
  });
});
