/**
 * Blocks that Prometheus deletes when it starts, whatever they hold: those that another one names as its parents, those that
 * are marked, and those with the name of a thing half made or half deleted. Mostly another block holds all of it. Where none
 * does, inventory and check say so, and nobody may take the directory for one whose samples are proven.
 */
import { cp, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { proveKept } from '../../src/observations/discard/prove-kept.ts';
import { isBlockName } from '../../src/tsdb/block-name.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { checkDirectory } from './check-directory.ts';
import { makeBlocksByPromtool } from './make-blocks-by-promtool.ts';
import { openFixture, type Fixture } from './prometheus.ts';
import { look, readers } from './tsdb-readers.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const current = process.env['HOLDFAST_TEST_PROMETHEUS3'];
const hourMs = 3_600_000;
const versions: readonly (readonly [string, string])[] = [
  ['Debian', join(programs ?? '', 'prometheus')],
  ...(current === undefined ? [] : [['3', current] as const]),
];

interface Meta {
  ulid: string;
  minTime: number;
  maxTime: number;
  compaction: { parents?: object[]; deletable?: boolean };
}

describe.skipIf(programs === undefined)('blocks that wait to be deleted (skipped where there is no Prometheus)', () => {
  const startMs = Math.floor((Date.now() - 72 * hourMs) / (2 * hourMs)) * 2 * hourMs;
  const perSeries = 120;
  let directory = '';
  let data = '';
  /** One block with four series. */
  let parent = '';
  const at = (...parts: readonly string[]) => join(directory, ...parts);

  const make = async (name: string, series: number): Promise<string> => {
    const shape = { startMs, hours: 2, everyMs: 60_000, series, valueOf: (one: number, at: number) => one + at };
    await makeBlocksByPromtool(join(programs ?? '', 'promtool'), { ...shape, into: at(name) });
    return (await readdir(at(name)))[0] ?? '';
  };
  /** Puts a block of so many series beside, which says that it was made of the first. */
  const succeed = async (series: number): Promise<void> => {
    await rm(at('successor'), { recursive: true, force: true });
    const child = await make('successor', series);
    await cp(at('successor', child), join(data, child), { recursive: true });
    await editMeta(child, (meta) => {
      meta.compaction.parents = [{ ulid: parent, minTime: meta.minTime, maxTime: meta.maxTime }];
    });
  };
  const editMeta = async (block: string, edit: (meta: Meta) => void): Promise<void> => {
    const path = join(data, block, 'meta.json');
    const meta = JSON.parse(await readFile(path, 'utf8')) as Meta;
    edit(meta);
    await writeFile(path, JSON.stringify(meta));
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-replaced-'));
    data = at('data');
    parent = await make('whole', 4);
    await make('half', 2);
  });
  beforeEach(async () => {
    await rm(data, { recursive: true, force: true });
    await cp(at('whole'), data, { recursive: true });
  });
  afterAll(async () => rm(directory, { recursive: true, force: true }));

  const inventory = () => takeInventory({ files: quietFiles(data), settledMs: null, onRead: () => undefined });
  const told = () =>
    [...inventory().findings, ...checkDirectory(data).findings].flatMap(({ rule, severity, file }) =>
      rule === 'replaced-holds-more' ? [`${severity} ${file}`] : [],
    );

  test.each(versions)(
    'Prometheus (%s) deletes one that a block of half its series names, and that is told',
    async (_, program) => {
      await succeed(2);
      expect(inventory().totals.samples).toBe(2 * perSeries);
      expect(told()).toEqual([`warning ${parent}`, `warning ${parent}`]);
      expect(inventory().findings[0]?.message).toContain(`${2 * perSeries} of its ${4 * perSeries} samples`);
      expect(await startOn(data, program)).toEqual({
        samples: 2 * perSeries,
        left: [expect.not.stringContaining(parent)],
      });
    },
  );

  test.each(versions)('and one that is marked, of which nothing was made (%s)', async (_, program) => {
    await editMeta(parent, (meta) => (meta.compaction.deletable = true));
    expect(told()).toEqual([`warning ${parent}`, `warning ${parent}`]);
    expect(await startOn(data, program)).toEqual({ samples: 0, left: [] });
  });

  test('nothing is told of one whose successor holds all of it', async () => {
    await succeed(4);
    expect(inventory().totals.samples).toBe(4 * perSeries);
    expect(told()).toEqual([]);
  });

  test('nor where Prometheus has left out what was deleted, and was killed before it deleted the first one', async () => {
    const fixture = await openFixture({ program: join(programs ?? '', 'prometheus') });
    try {
      await cp(at('whole'), fixture.data, { recursive: true });
      await fixture.start();
      const post = async (path: string) => (await fixture.ask(path, { method: 'POST' })).status;
      expect(await post('/api/v1/admin/tsdb/delete_series?match[]=check_value{series="3"}')).toBe(204);
      await cp(join(fixture.data, parent), at('first'), { recursive: true });
      expect(await post('/api/v1/admin/tsdb/clean_tombstones')).toBe(204);
      await fixture.stop();
      await rename(at('first'), join(fixture.data, parent));
      const { totals, findings } = fixture.inventory();
      expect(totals.samples).toBe(3 * perSeries);
      expect(findings.map(({ rule }) => rule)).not.toContain('replaced-holds-more');
    } finally {
      await fixture.cleanUp();
    }
  });

  test('a directory is not discarded for what only such a block holds', async () => {
    await succeed(2);
    expect(await lost('half')).toBe(2 * perSeries);
    expect(await lost('whole')).toBe(0);
    await editMeta(parent, (meta) => (meta.compaction.deletable = true));
    expect(await lost('half')).toBe(2 * perSeries);
  });

  test.each(['.tmp-for-deletion', '.tmp-for-creation', '.tmp'])(
    'nor for a whole block that ends in %s',
    async (ending) => {
      await mkdir(join(data, 'wal'));
      await rename(join(data, parent), join(data, `${parent}${ending}`));
      await cp(at('half'), data, { recursive: true });
      expect(await lost('half')).toBe(2 * perSeries);
      expect(await lost('whole')).toBe(0);
      // What Prometheus had begun to delete has no meta.json any more, or no index.
      await rm(join(data, `${parent}${ending}`, 'index'));
      expect(await lost('half')).toBe(0);
    },
  );

  test.each(versions)('which Prometheus deletes (%s)', async (_, program) => {
    const endings = ['.tmp-for-deletion', '.tmp-for-creation', '.tmp', '.tmp-of-somebody'];
    for (const ending of endings) await cp(join(data, parent), join(data, `${parent}${ending}`), { recursive: true });
    const { left } = await startOn(data, program);
    expect(left).toEqual([parent, `${parent}.tmp-of-somebody`]);
  });

  /** How many samples of the directory are not in another one. */
  async function lost(keeper: string): Promise<number> {
    const keepers = [{ path: at(keeper), inode: (await lstat(at(keeper))).ino }] as const;
    const proof = await proveKept({ directory: data, tsdbs: [data], keepers }, readers, look);
    expect(proof.undecided).toEqual([]);
    return proof.lost.reduce((sum, { samples }) => sum + samples, 0);
  }
});

/** What a Prometheus returns of a copy, and which directories of blocks it leaves there. */
async function startOn(data: string, program: string): Promise<{ samples: number; left: readonly string[] }> {
  const fixture: Fixture = await openFixture({ program });
  try {
    await cp(data, fixture.data, { recursive: true });
    await fixture.start();
    const query = 'sum(count_over_time(check_value[5d]))';
    const { body } = await fixture.ask(`/api/v1/query?query=${encodeURIComponent(query)}`);
    const { data: answer } = JSON.parse(body) as { data: { result: { value: [number, string] }[] } };
    const names = await readdir(fixture.data);
    return {
      samples: Number(answer.result[0]?.value[1] ?? 0),
      left: names.filter((name) => isBlockName(name.slice(0, 26))).sort(),
    };
  } finally {
    await fixture.cleanUp();
  }
}
