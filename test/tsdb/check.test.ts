/**
 * A check of blocks that Debian's Prometheus and promtool wrote. Whole ones are found whole: compacted, of several chunk
 * files, with tombstones and without. Then each part of each file is damaged in turn, and the finding says what and where;
 * and whatever bit of a file under checksums is changed, a check never says that all is well.
 */
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { renderCheck } from '../../src/report/render-check.ts';
import { createStyle } from '../../src/report/style.ts';
import { readIndexHeader, tocBytes, type IndexToc } from '../../src/tsdb/block/index-header.ts';
import { crc32c } from '../../src/tsdb/bytes/crc32c.ts';
import { FileWindow } from '../../src/tsdb/bytes/file-window.ts';
import { holdFiles } from '../../src/tsdb/files/held-files.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { waitFor } from '../harness/wait-for.ts';
import { createRandom } from '../simulation/random.ts';
import { checkDirectory, said } from './check-directory.ts';
import { makeBlocksByPromtool } from './make-blocks-by-promtool.ts';
import { openFixture } from './prometheus.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const hourMs = 3_600_000;
const long = process.env['HOLDFAST_TEST_LONG'] === '1';

describe.skipIf(programs === undefined)('blocks of a Prometheus 2 (skipped where there is none)', () => {
  let directory = '';
  /** One block that no test changes, and its name. */
  let whole = '';
  let name = '';
  let toc: IndexToc;
  let indexBytes = 0;
  /** A copy for each test. */
  let data = '';
  const program = (file: string) => join(programs ?? '', file);
  const startMs = Math.floor((Date.now() - 72 * hourMs) / (6 * hourMs)) * 6 * hourMs;
  const random = createRandom(11);
  const valueOf = () => random.below(1_000_000) / 7;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-check-'));
    whole = join(directory, 'whole');
    const shape = { startMs, hours: 2, everyMs: 30_000, series: 20, valueOf };
    await makeBlocksByPromtool(program('promtool'), { ...shape, into: whole });
    [name = ''] = await readdir(whole);
    const window = new FileWindow(quietFiles(whole).open(join(name, 'index')));
    ({ toc } = readIndexHeader(window));
    indexBytes = window.sizeBytes;
    window.close();
  });
  beforeEach(async () => {
    data = join(directory, 'data');
    await rm(data, { recursive: true, force: true });
    await cp(whole, data, { recursive: true });
  });
  afterAll(async () => rm(directory, { recursive: true, force: true }));

  const path = (file: string) => join(data, name, file);
  const change = async (file: string, edit: (bytes: Buffer) => Buffer | undefined): Promise<readonly string[]> => {
    const bytes = await readFile(path(file));
    await writeFile(path(file), edit(bytes) ?? bytes);
    return findings();
  };
  /** Without the name of the block. */
  const findings = () => said(checkDirectory(data)).map((line) => line.replace(`${name}/`, ''));
  const flip = (file: string, at: number) =>
    change(file, (bytes) => {
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      return bytes;
    });

  test('a block that appears in a live directory behind the view is no damaged one; one without meta.json is', async () => {
    const { checkTsdb } = await import('../../src/tsdb/check/check-tsdb.ts');
    await rename(join(data, name), join(directory, 'later'));
    const files = holdFiles(data);
    await rename(join(directory, 'later'), join(data, name));
    const check = () => said(checkTsdb({ directory: data, files, isLive: true, onRead: () => undefined }));
    expect(check()).toEqual([]);
    await rm(path('meta.json'));
    expect(check()).toContain(`error missing ${name}/meta.json@0`);
    files.close();
  });

  test('a whole block is found whole, with every byte of it read', async () => {
    let read = 0;
    const files = quietFiles(data);
    const { checkTsdb } = await import('../../src/tsdb/check/check-tsdb.ts');
    const checked = checkTsdb({ directory: data, files, isLive: false, onRead: (bytes) => (read += bytes) });
    expect(checked).toMatchObject({ errors: 0, findings: [] });
    const sizes = await Promise.all(
      ['index', 'chunks/000001', 'meta.json'].map(async (file) => (await readFile(path(file))).length),
    );
    expect(read).toBeGreaterThanOrEqual(sizes.reduce((sum, size) => sum + size, 0));
  });

  test('a flipped byte in each section of the index', async () => {
    const align = (offset: number, to: number) => Math.ceil(offset / to) * to;
    const series = align(toc.series, 16);
    const list = align(toc.postings, 4);
    const bad = (section: number) => [`error bad-checksum index@${section}`];
    const cases: readonly (readonly [at: number, expected: readonly string[]])[] = [
      [0, ['error bad-magic index@0']],
      [4, ['error bad-version index@4']],
      [toc.symbols + 4, bad(toc.symbols)],
      [toc.symbols + 20, bad(toc.symbols)],
      [series + 3, bad(series)],
      [toc.labelIndices + 12, bad(align(toc.labelIndices, 4))],
      [toc.labelIndicesTable + 9, bad(toc.labelIndicesTable)],
      [list + 9, bad(list)],
      [toc.postingsTable + 9, bad(toc.postingsTable)],
      [indexBytes - tocBytes + 5, bad(indexBytes - tocBytes)],
      [indexBytes - 1, bad(indexBytes - tocBytes)],
    ];
    for (const [at, expected] of cases) {
      expect([at, await flip('index', at)]).toEqual([at, expected]);
      await flip('index', at);
    }
    expect(findings()).toEqual([]);
  });

  test('a damaged label index is told with a remedy of its own: a real Prometheus finds every label without', async () => {
    expect((await flip('index', toc.labelIndices + 12)).length).toBe(1);
    await flip('index', toc.labelIndicesTable + 9);
    const { findings: found } = checkDirectory(data);
    expect(found.map(({ remedy }) => remedy)).toEqual(
      Array(2).fill(expect.stringMatching(/^Leave the block as it is/)),
    );
    const fixture = await openFixture({ program: program('prometheus') });
    try {
      await cp(data, fixture.data, { recursive: true });
      await fixture.start();
      const [start, end] = [startMs / 1000, startMs / 1000 + 7200];
      const { body } = await fixture.ask(`/api/v1/label/series/values?start=${start}&end=${end}`);
      expect((JSON.parse(body) as { data: string[] }).data).toHaveLength(20);
      const { body: answer } = await fixture.ask(
        `/api/v1/query?query=count(check_value%7Bjob%3D"job1"%7D)&time=${end - 60}`,
      );
      expect(answer).toContain('"7"');
    } finally {
      await fixture.cleanUp();
    }
  });

  test('errors are listed before anything else is, and what is left out is counted', async () => {
    await mkdir(join(data, 'wal'));
    for (let number = 0; number < 1200; number += 1) await writeFile(join(data, `odd-${number}`), '');
    await flip('tombstones', 0);
    const lines = findings();
    expect(lines.filter((line) => line.startsWith('info unknown-file'))).toHaveLength(1000);
    expect(lines).toContain('error bad-magic tombstones@0');
    expect(lines.at(-1)).toBe('info more-findings .');
    const { findings: found, errors } = checkDirectory(data);
    expect([errors, found.at(-1)?.message]).toEqual([1, expect.stringMatching(/^200 more notes are counted/)]);
    const style = createStyle({ hasColor: false, columns: undefined });
    const text = renderCheck({ directory: data, ok: false, bytes: 1, seconds: 1, findings: found }, style);
    expect(text[3]).toMatch(/^error bad-magic: /);
    expect(text.join('\n')).toContain('info more-findings: 200 more notes');
    expect(text.at(-1)).toBe('and 981 more findings: see --json.');
  });

  test('a changed length of each section of the index', async () => {
    const series = Math.ceil(toc.series / 16) * 16;
    const list = Math.ceil(toc.postings / 4) * 4;
    for (const at of [toc.symbols, toc.labelIndicesTable, toc.postingsTable, list]) {
      const [first = ''] = await flip('index', at + 3);
      expect([at, first]).toEqual([
        at,
        expect.stringMatching(new RegExp(`^error bad-(checksum|structure) index@${at}$`)),
      ]);
      await flip('index', at + 3);
    }
    expect((await flip('index', series))[0]).toMatch(new RegExp(`^error bad-(checksum|structure) index@${series}$`));
  });

  test('padding between two series that is not zero', async () => {
    const bytes = await readFile(path('index'));
    const [at = 0] = await paddingOf(bytes, toc);
    expect(await flip('index', at)).toEqual([`error bad-structure index@${at}`]);
  });

  test('an index that is cut off at each border of a section', async () => {
    const borders = [0, 3, 5, toc.series, toc.labelIndices, toc.postings, toc.labelIndicesTable, toc.postingsTable];
    for (const size of [...borders, indexBytes - tocBytes, indexBytes - 1]) {
      await truncate(path('index'), size);
      expect([size, findings()]).toEqual([size, [expect.stringMatching(/^error (truncated|bad-checksum) index@\d+$/)]]);
      await cp(join(whole, name, 'index'), path('index'));
    }
  });

  test('a flipped byte in each part of a chunk file, with the series and the times that it hits', async () => {
    expect(await flip('chunks/000001', 0)).toEqual(['error bad-magic chunks/000001@0']);
    await flip('chunks/000001', 0);
    expect(await flip('chunks/000001', 4)).toEqual(['error bad-version chunks/000001@4']);
    await flip('chunks/000001', 4);
    expect(await flip('chunks/000001', 6)).toEqual(['error bad-structure chunks/000001@6']);
    await flip('chunks/000001', 6);
    for (const at of [8, 10, 12, 100]) {
      const lines = await flip('chunks/000001', at);
      expect([at, lines]).toEqual([at, [expect.stringMatching(/^error (bad-checksum|truncated) chunks\/000001@8$/)]]);
      const [finding] = checkDirectory(data).findings;
      expect(finding).toMatchObject({ series: 'check_value{job="job0",series="0"}', fromMs: startMs });
      await flip('chunks/000001', at);
    }
    const { length } = await readFile(path('chunks/000001'));
    expect(await flip('chunks/000001', length - 1)).toEqual([
      expect.stringMatching(/^error bad-checksum chunks\/000001@\d+$/),
    ]);
  });

  test('a chunk file that is cut off, is missing, is empty, or has more than it should', async () => {
    const { length } = await readFile(path('chunks/000001'));
    await truncate(path('chunks/000001'), length - 3);
    expect(findings()).toEqual([expect.stringMatching(/^error truncated chunks\/000001@\d+$/)]);
    await truncate(path('chunks/000001'), 0);
    expect(findings()[0]).toBe('error truncated chunks/000001@0');
    await rm(path('chunks/000001'));
    expect(findings()).toEqual(['error missing chunks/000001']);
    expect(checkDirectory(data).findings[0]).toMatchObject({ fromMs: startMs, toMs: startMs + 2 * hourMs - 30_000 });
    const bytes = await readFile(join(whole, name, 'chunks/000001'));
    await writeFile(path('chunks/000001'), Buffer.concat([bytes, bytes.subarray(8)]));
    expect(findings()).toEqual([`error unreferenced-chunks chunks/000001@${length}`]);
    await writeFile(path('chunks/000001'), Buffer.concat([bytes, Buffer.alloc(4096)]));
    expect(findings()).toEqual([`error zero-filled chunks/000001@${length}`]);
    await writeFile(path('chunks/000001'), bytes);
    await writeFile(path('chunks/000002'), bytes);
    expect(findings()).toEqual(['error unreferenced-chunks chunks/000002@8']);
  });

  test('pages of zeros, as NFS leaves them, are named as such', async () => {
    await rm(data, { recursive: true });
    const shape = { startMs, hours: 2, everyMs: 60_000, series: 300, valueOf };
    await makeBlocksByPromtool(program('promtool'), { ...shape, into: data });
    const [large = ''] = await readdir(data);
    for (const file of ['index', 'chunks/000001']) {
      const bytes = await readFile(join(data, large, file));
      for (let from = 4096; from + 4096 <= bytes.length; from += 8192) {
        await writeFile(join(data, large, file), Buffer.from(bytes).fill(0, from, from + 4096));
        const { errors, findings: found } = checkDirectory(data);
        expect(errors).toBeGreaterThan(0);
        const zeros = found.filter(({ rule }) => rule === 'zero-filled');
        expect(zeros.map((finding) => finding.file)).toContain(join(large, file));
        expect(zeros[0]?.message).toMatch(new RegExp(`bytes (${from}|\\d+) to \\d+ are all zero`));
      }
      await writeFile(join(data, large, file), bytes);
    }
    expect(findings()).toEqual([]);
    await writeFile(join(data, large, 'meta.json'), Buffer.alloc(300));
    expect(said(checkDirectory(data))).toEqual([`error zero-filled ${large}/meta.json@0`]);
  });

  test('a meta.json that is missing, is none, or lies', async () => {
    const lie = (edit: (meta: Meta) => void) =>
      change('meta.json', (bytes) => {
        const meta = JSON.parse(bytes.toString()) as Meta;
        edit(meta);
        return Buffer.from(JSON.stringify(meta));
      });
    for (const count of ['numSeries', 'numSamples', 'numChunks'] as const) {
      expect(await lie((meta) => (meta.stats[count] += 1))).toEqual(['error meta-mismatch meta.json']);
      expect(await lie((meta) => (meta.stats[count] -= 1))).toEqual([]);
    }
    expect(await lie((meta) => (meta.maxTime -= hourMs))).toEqual(['error meta-mismatch meta.json']);
    await lie((meta) => (meta.maxTime += hourMs));
    expect(await lie((meta) => (meta.minTime += hourMs))).toEqual(['error meta-mismatch meta.json']);
    await lie((meta) => (meta.minTime -= hourMs));
    expect(await lie((meta) => (meta.minTime -= 24 * hourMs))).toEqual(['warning meta-mismatch meta.json']);
    await lie((meta) => (meta.minTime += 24 * hourMs));
    expect(await lie((meta) => (meta.ulid = '01ARZ3NDEKTSV4RRFFQ69G5FAV'))).toEqual([
      'error bad-structure meta.json@0',
    ]);
    expect(await change('meta.json', (bytes) => bytes.subarray(0, 40))).toEqual(['error bad-structure meta.json@0']);
    await rm(path('meta.json'));
    expect(findings()).toEqual(['error missing meta.json@0']);
  });

  test('a block without an index, and one whose chunk files are those of another block', async () => {
    const other = join(directory, 'other');
    const shape = { startMs: startMs + 2 * hourMs, hours: 2, everyMs: 30_000, series: 20, valueOf };
    await makeBlocksByPromtool(program('promtool'), { ...shape, into: other });
    const [otherName = ''] = await readdir(other);
    await cp(join(other, otherName, 'chunks', '000001'), path('chunks/000001'));
    const lines = findings();
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.every((line) => line.startsWith('error '))).toBe(true);
    await rm(path('index'));
    expect(findings()).toEqual(['error missing index@0']);
  });

  test('a postings list that holds another series than those that have the label, its checksum being right', async () => {
    const bytes = await readFile(path('index'));
    const lists = listsOf(bytes, toc);
    // The first is of all series; the last of them of one value of `series`, which one series has.
    const [all, ...others] = lists;
    const last = others.at(-1);
    if (all === undefined || last === undefined) throw new Error('There are no postings.');
    const stranger = bytes.readUInt32BE(all.from + 4);
    expect(bytes.readUInt32BE(last.from + 4)).not.toBe(stranger);
    bytes.writeUInt32BE(stranger, last.from + 4);
    bytes.writeUInt32BE(crc32c(bytes, last.from, last.to), last.to);
    await writeFile(path('index'), bytes);
    expect(findings()).toEqual([`error postings-mismatch index@${last.from - 4}`]);
    expect(checkDirectory(data).findings[0]?.message).toMatch(/postings list of series="\d+" holds 1 series/);
  });

  test('blocks that overlap are told, and are no damage', async () => {
    const shape = { startMs: startMs + hourMs / 2, hours: 1, everyMs: 30_000, series: 20, valueOf };
    await makeBlocksByPromtool(program('promtool'), { ...shape, into: data });
    const { errors, findings: found } = checkDirectory(data);
    expect([errors, found.map(({ rule }) => rule)]).toEqual([0, ['overlapping-blocks']]);
  });

  test.skipIf(process.getuid?.() !== 0)(
    'what Prometheus cannot read (skipped: only root gives files away)',
    async () => {
      const owner = 65_534;
      for (const entry of [
        '.',
        name,
        ...(await readdir(path('.'))).map((file) => join(name, file)),
        join(name, 'chunks', '000001'),
      ]) {
        await chown(join(data, entry), owner, owner);
      }
      expect(findings()).toEqual([]);
      await chown(path('index'), 0, 0);
      await chmod(path('index'), 0o644);
      expect(findings()).toEqual(['warning other-owner index']);
      await chmod(path('index'), 0o600);
      expect(findings()).toEqual(['error not-readable index', 'warning other-owner index']);
    },
  );

  test('tombstones: a flipped byte, a version, a cut', async () => {
    expect(await flip('tombstones', 0)).toEqual(['error bad-magic tombstones@0']);
    await flip('tombstones', 0);
    expect(await flip('tombstones', 4)).toEqual(['error bad-version tombstones@4']);
    await flip('tombstones', 4);
    expect(await flip('tombstones', 6)).toEqual(['error bad-checksum tombstones@5']);
    await flip('tombstones', 6);
    await truncate(path('tombstones'), 5);
    expect(findings()).toEqual(['error truncated tombstones@5']);
  });

  test('what was left over, and what nobody knows', async () => {
    await cp(join(whole, name), join(data, `${name}.tmp-for-creation`), { recursive: true });
    await writeFile(path('.nfs0000000000000001'), 'x');
    await writeFile(join(data, 'notes.txt'), 'x');
    await writeFile(join(data, 'lost+found'), '');
    expect(findings().sort()).toEqual([
      'info leftover .nfs0000000000000001',
      `info leftover ${name}.tmp-for-creation`,
      'info unknown-file notes.txt',
    ]);
  });

  test(
    'whatever bit of a file under checksums changes, a check never says that all is well',
    async () => {
      const mutants = long ? 100_000 : 1000;
      const files = ['index', 'index', 'chunks/000001', 'chunks/000001', 'tombstones'] as const;
      const originals = new Map<string, Buffer>();
      for (const file of files) originals.set(file, await readFile(path(file)));
      for (let mutant = 0; mutant < mutants; mutant += 1) {
        const file = files[random.below(files.length)] as (typeof files)[number];
        const bytes = originals.get(file) as Buffer;
        const changed = mutate(bytes, random);
        if (changed.bytes.equals(bytes)) continue;
        await writeFile(path(file), changed.bytes);
        const { errors } = checkDirectory(data);
        if (errors === 0) throw new Error(`Mutant ${mutant}, ${file}, ${changed.what}: nothing was found.`);
        await writeFile(path(file), bytes);
      }
      expect(findings()).toEqual([]);
    },
    long ? 3_600_000 : 300_000,
  );

  test('compacted blocks of several chunk files, with tombstones and cleaned, are whole', async () => {
    const flags = ['--storage.tsdb.use-lockfile', '--storage.tsdb.max-block-chunk-segment-size=1MB'];
    const fixture = await openFixture({ program: program('prometheus'), flags });
    try {
      const shape = { startMs, hours: 12, everyMs: 6000, series: 40, valueOf };
      await makeBlocksByPromtool(program('promtool'), { ...shape, into: fixture.data });
      const before = await listBlocks(fixture.data);
      expect(said(checkDirectory(fixture.data))).toEqual([]);
      await fixture.start();
      await waitFor('blocks are compacted', async () => (await listBlocks(fixture.data)).length < before.length, {
        timeoutMs: 120_000,
      });
      await expectHealthy(fixture.data);
      const matcher = encodeURIComponent('check_value{series="7"}');
      const range = `start=${startMs / 1000 + 3600}&end=${startMs / 1000 + 7300}`;
      const remove = `/api/v1/admin/tsdb/delete_series?match[]=${matcher}&${range}`;
      expect((await fixture.ask(remove, { method: 'POST' })).status).toBe(204);
      await expectHealthy(fixture.data);
      expect((await fixture.ask('/api/v1/admin/tsdb/clean_tombstones', { method: 'POST' })).status).toBe(204);
      await expectHealthy(fixture.data);
      await fixture.stop();
      expect(errorsOf(fixture.data)).toEqual([]);
      const large = await findSegments(fixture.data);
      expect(large.length).toBeGreaterThan(1);
      const [first = '', second = ''] = large;
      await rename(first, `${first}-`);
      expect(errorsOf(fixture.data)).toEqual([expect.stringMatching(/^error missing .*\/chunks\/000001$/)]);
      await rename(second, first);
      await rename(`${first}-`, second);
      expect(errorsOf(fixture.data).length).toBeGreaterThan(0);
    } finally {
      await fixture.cleanUp();
    }
  });
});

/** While Prometheus runs, and so perhaps while it deletes what it has compacted. */
async function expectHealthy(data: string): Promise<void> {
  const { findings } = checkDirectory(data, true);
  expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  await Promise.resolve();
}

function errorsOf(data: string): readonly string[] {
  return said(checkDirectory(data)).filter((line) => !line.startsWith('info'));
}

interface Meta {
  ulid: string;
  minTime: number;
  maxTime: number;
  stats: { numSeries: number; numSamples: number; numChunks: number };
}

/** One bit flipped, or some cut off, or some zeroed. */
function mutate(bytes: Buffer, random: ReturnType<typeof createRandom>): { bytes: Buffer; what: string } {
  const at = random.below(bytes.length);
  const kind = random.below(20);
  const mutant = Buffer.from(bytes);
  if (kind === 0) return { bytes: mutant.subarray(0, at), what: `cut at ${at}` };
  if (kind === 1) return { bytes: mutant.fill(0, at, Math.min(bytes.length, at + 512)), what: `zeroed at ${at}` };
  const bit = random.below(8);
  mutant[at] = (mutant[at] ?? 0) ^ (1 << bit);
  return { bytes: mutant, what: `bit ${bit} of byte ${at}` };
}

/** Bytes between two entries of the series section. */
async function paddingOf(bytes: Buffer, toc: IndexToc): Promise<readonly number[]> {
  const found: number[] = [];
  for (let at = Math.ceil(toc.series / 16) * 16; at < toc.labelIndices;) {
    // Entries here are shorter than 128 bytes, and so is their length one byte long.
    const end = at + 1 + (bytes[at] ?? 0) + 4;
    const next = Math.ceil(end / 16) * 16;
    if (next < toc.labelIndices) for (let byte = end; byte < next; byte += 1) found.push(byte);
    at = next;
  }
  return Promise.resolve(found);
}

/** The content of each postings list, without its length and checksum. */
function listsOf(bytes: Buffer, toc: IndexToc): readonly { readonly from: number; readonly to: number }[] {
  const found: { from: number; to: number }[] = [];
  for (let at = Math.ceil(toc.postings / 4) * 4; at < toc.labelIndicesTable;) {
    const to = at + 4 + bytes.readUInt32BE(at);
    found.push({ from: at + 4, to });
    at = Math.ceil((to + 4) / 4) * 4;
  }
  return found;
}

async function listBlocks(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).filter((entry) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(entry));
}

/** The chunk files of the block that has most of them, sorted. */
async function findSegments(directory: string): Promise<readonly string[]> {
  const all = await Promise.all(
    (await listBlocks(directory)).map(async (block) => {
      const chunks = join(directory, block, 'chunks');
      return (await readdir(chunks)).sort().map((segment) => join(chunks, segment));
    }),
  );
  return all.sort((one, other) => other.length - one.length)[0] ?? [];
}
