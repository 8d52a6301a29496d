/**
 * Blocks that are easily passed over in silence: one that has lost its meta.json, one whose directory came through a file
 * system without capitals, one whose meta.json tells other times than its chunks have or that Go does not read, one of
 * which the postings are damaged. Prometheus does not see the first, sees the second, finds nothing of the third and the
 * fourth, and does not start on the last or fails queries. Each is told as an error, and no proof about the directory is
 * good.
 */
import { cp, lstat, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TsdbInventory } from '../../src/model/tsdb-inventory.ts';
import { proveKept } from '../../src/observations/discard/prove-kept.ts';
import { identifyDirectory } from '../../src/observations/identify-directory.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { FileWindow } from '../../src/tsdb/bytes/file-window.ts';
import { readIndexHeader } from '../../src/tsdb/block/index-header.ts';
import { checkDirectory, said } from './check-directory.ts';
import { makeBlocksByPromtool } from './make-blocks-by-promtool.ts';
import { openFixture } from './prometheus.ts';
import { look, readers } from './tsdb-readers.ts';
import { inventoriesOf } from './inventories-of.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const hourMs = 3_600_000;

describe.skipIf(programs === undefined)('blocks that hide (skipped where there is no Prometheus)', () => {
  let directory = '';
  let whole = '';
  let data = '';
  let name = '';
  const blocks = 3;
  const perBlock = 4 * 120;
  const startMs = Math.floor((Date.now() - 72 * hourMs) / (2 * hourMs)) * 2 * hourMs;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-hidden-'));
    whole = join(directory, 'whole');
    data = join(directory, 'data');
    const shape = {
      startMs,
      hours: 2 * blocks,
      everyMs: 60_000,
      series: 4,
      valueOf: (one: number, at: number) => one + at,
    };
    await makeBlocksByPromtool(join(programs ?? '', 'promtool'), { ...shape, into: whole });
    name = (await readdir(whole)).sort()[1] ?? '';
  });
  beforeEach(async () => {
    await rm(data, { recursive: true, force: true });
    await cp(whole, data, { recursive: true });
  });
  afterAll(async () => rm(directory, { recursive: true, force: true }));

  const changeMeta = async (edit: (meta: { minTime: number; maxTime: number }) => void): Promise<void> => {
    const path = join(data, name, 'meta.json');
    const meta = JSON.parse(await readFile(path, 'utf8')) as { minTime: number; maxTime: number };
    edit(meta);
    await writeFile(path, JSON.stringify(meta));
  };
  const both = () => inventoriesOf(data);
  const words = ({ findings }: TsdbInventory) =>
    findings.map(({ severity, rule, file }) => `${severity} ${rule} ${file}`);
  const prove = async (path: string, keeper: string) =>
    proveKept(
      { directory: path, tsdbs: [path], keepers: [{ path: keeper, inode: (await lstat(keeper)).ino }] },
      readers,
      look,
    );
  const countAll = `/api/v1/query?query=sum(count_over_time(check_value%5B1d%5D))&time=${(startMs + 6 * hourMs) / 1000}`;
  /** How many samples a real Prometheus returns. */
  const returned = async (): Promise<number> => {
    const fixture = await openFixture({ program: join(programs ?? '', 'prometheus') });
    try {
      await cp(data, fixture.data, { recursive: true });
      await fixture.start();
      const { body } = await fixture.ask(countAll);
      const { data: answer } = JSON.parse(body) as { data: { result: { value: [number, string] }[] } };
      return Number(answer.result[0]?.value[1] ?? 0);
    } finally {
      await fixture.cleanUp();
    }
  };

  test('one without its meta.json is told, and its directory is not discarded for what the others hold', async () => {
    await rm(join(data, name, 'meta.json'));
    for (const inventory of both()) {
      expect(inventory.totals.samples).toBe((blocks - 1) * perBlock);
      expect(words(inventory)).toEqual([`error missing ${name}/meta.json`]);
    }
    await cp(data, join(directory, 'keeper'), { recursive: true });
    await rm(join(directory, 'keeper', name), { recursive: true });
    expect((await prove(data, join(directory, 'keeper'))).undecided[0]).toContain(`${name}/meta.json`);
  });

  test('a directory in which every block has lost its meta.json is a Prometheus all the same', async () => {
    for (const block of await readdir(data)) await rm(join(data, block, 'meta.json'));
    expect(await identifyDirectory(data)).toMatchObject({ kind: 'prometheus', dataDirectory: data });
    for (const inventory of both()) expect(inventory.findings).toHaveLength(blocks);
  });

  test('one in small letters is read by Prometheus, and told', async () => {
    await rename(join(data, name), join(data, name.toLowerCase()));
    expect(await returned()).toBe(blocks * perBlock);
    for (const inventory of both()) {
      expect(inventory.totals.samples).toBe((blocks - 1) * perBlock);
      expect(words(inventory)).toEqual([`error bad-structure ${name.toLowerCase()}/meta.json`]);
      expect(inventory.findings[0]?.message).toContain(`rename ${name.toLowerCase()} to ${name}`);
    }
    expect(said(checkDirectory(data))).toContain(`error bad-structure ${name.toLowerCase()}/meta.json@0`);
  });

  test('one whose meta.json tells of another year holds nothing that could be relied on', async () => {
    await changeMeta((meta) => {
      meta.minTime -= 365 * 24 * hourMs;
      meta.maxTime -= 365 * 24 * hourMs;
    });
    expect(await returned()).toBe((blocks - 1) * perBlock);
    for (const inventory of both()) {
      expect(inventory.totals.samples).toBe((blocks - 1) * perBlock);
      expect(words(inventory)).toEqual([`error out-of-range ${name}/meta.json`]);
    }
    expect((await prove(whole, data)).undecided[0]).toContain(`${name}/meta.json`);
  });

  const retell = async (edit: (text: string) => string): Promise<void> => {
    const path = join(data, name, 'meta.json');
    const text = await readFile(path, 'utf8');
    const edited = edit(text);
    expect(edited).not.toBe(text);
    await writeFile(path, edited);
  };
  const isSkipped = async (): Promise<void> => {
    for (const inventory of both()) {
      expect(inventory.totals.samples).toBe((blocks - 1) * perBlock);
      expect(words(inventory)).toEqual([`error bad-structure ${name}/meta.json`]);
    }
    expect(said(checkDirectory(data))).toContain(`error bad-structure ${name}/meta.json@0`);
    expect((await prove(whole, data)).undecided[0]).toContain(`${name}/meta.json`);
  };

  test.each<readonly [what: string, edit: (text: string) => string]>([
    ['a time as 1.0', (text) => text.replace(/("minTime": ?\d+)/, '$1.0')],
    ['a number as 1e0', (text) => text.replace(/"version": ?1/, '"version": 1e0')],
    ['a number below zero', (text) => text.replace(/"numSeries": ?\d+/, '"numSeries": -0')],
    ['words in a count', (text) => text.replace('"stats": {', '"stats": {"numTombstones": "x",')],
    ['words in `failed`', (text) => text.replace('"compaction": {', '"compaction": {"failed": "no",')],
    [
      'a parent without a proper time',
      (text) => text.replace('"compaction": {', '"compaction": {"parents": [{"ulid": "", "minTime": 1.5}],'),
    ],
  ])('one whose meta.json has %s is none for Go', async (_, edit) => {
    await retell(edit);
    expect(await returned()).toBe((blocks - 1) * perBlock);
    await isSkipped();
  });

  test.each<readonly [what: string, edit: (text: string) => string]>([
    ['a field in other letters', (text) => text.replace('{', '{"MAXTIME": 1,')],
    ['stats twice', (text) => text.replace('{', '{"stats": {"numTombstones": 9},')],
  ])('one whose meta.json has %s may be another one for Go', async (_, edit) => {
    await retell(edit);
    await isSkipped();
  });

  test('one whose meta.json holds more than we know is as good as before', async () => {
    await retell((text) => text.replace('{', '{"thanos": {"minTime": 1.5, "Stats": 3}, "failed": 1e9,'));
    expect(await returned()).toBe(blocks * perBlock);
    for (const inventory of both()) {
      expect(inventory.totals.samples).toBe(blocks * perBlock);
      expect(words(inventory)).toEqual([]);
    }
  });

  /** A bit of the list of check_value, which comes behind that of all series, or of the first entry of the table of postings. */
  const hurtPostings = async (what: 'list' | 'table'): Promise<number> => {
    const path = join(data, name, 'index');
    const window = new FileWindow(quietFiles(data).open(join(name, 'index')));
    const { toc } = readIndexHeader(window);
    window.close();
    const bytes = await readFile(path);
    const list = toc.postings + 8 + bytes.readUInt32BE(toc.postings);
    const at = what === 'list' ? list + 8 : toc.postingsTable + 12;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    await writeFile(path, bytes);
    return what === 'list' ? list : toc.postingsTable;
  };

  test.each(['list', 'table'] as const)(
    'a damaged %s of postings is told: Prometheus fails queries, or does not start',
    async (what) => {
      const offset = await hurtPostings(what);
      const fixture = await openFixture({ program: join(programs ?? '', 'prometheus') });
      try {
        await cp(data, fixture.data, { recursive: true });
        expect(await fixture.startOrEnd()).toBe(what === 'list');
        if (what === 'list') {
          const { status } = await fixture.ask(countAll);
          expect(status).toBe(422);
        }
      } finally {
        await fixture.cleanUp();
      }
      for (const inventory of both()) {
        expect(inventory.findings).toMatchObject([
          { severity: 'error', rule: 'bad-checksum', file: `${name}/index`, offset },
        ]);
      }
      expect((await prove(whole, data)).undecided[0]).toContain(`${name}/index`);
    },
  );

  test('one whose meta.json ends too early is no place for what lies behind it', async () => {
    await changeMeta((meta) => (meta.maxTime -= hourMs));
    for (const inventory of both()) {
      expect(inventory.totals.samples).toBeLessThan(blocks * perBlock);
      expect(words(inventory)).toEqual([`error out-of-range ${name}/meta.json`]);
    }
  });
});
