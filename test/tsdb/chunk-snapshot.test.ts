/**
 * A Prometheus that writes its head into a chunk snapshot when it stops (memory-snapshot-on-shutdown), of both versions: what
 * it answers from the snapshot is what another one answers that has only the WAL and the head chunks, and that is what an
 * inventory counts. A snapshot that has grown old, damaged ones, and one that reaches further than the WAL does: there it may
 * hold what nothing else holds, and that is said.
 */
import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TsdbInventory } from '../../src/model/tsdb-inventory.ts';
import { crc32c } from '../../src/tsdb/bytes/crc32c.ts';
import { holdFiles } from '../../src/tsdb/files/held-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { waitFor } from '../harness/wait-for.ts';
import { checkDirectory, said } from './check-directory.ts';
import { openFixture, type Fixture } from './prometheus.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const program3 = process.env['HOLDFAST_TEST_PROMETHEUS3'];
const feature = '--enable-feature=memory-snapshot-on-shutdown';

describe.each([
  ['2', programs === undefined ? undefined : join(programs, 'prometheus')],
  ['3', program3],
])('of a Prometheus %s (skipped where there is none)', (_, program) => {
  describe.skipIf(program === undefined)('that stopped with the feature', () => {
    let fixture: Fixture;
    let whole = '';
    let data = '';
    let snapshot = '';

    beforeAll(async () => {
      fixture = await openFixture({ program: program ?? '', flags: [feature], scrapesItself: true });
      await fixture.start();
      await waitFor('samples come in', async () => fixture.inventory().totals.samples > 5000);
      await fixture.stop();
      whole = join(fixture.directory, 'whole');
      data = join(fixture.directory, 'copy');
      await cp(fixture.data, whole, { recursive: true });
      snapshot = (await readdir(whole)).find((name) => name.startsWith('chunk_snapshot.')) ?? '';
    });
    beforeEach(async () => {
      await rm(data, { recursive: true, force: true });
      await cp(whole, data, { recursive: true });
    });
    afterAll(async () => fixture.cleanUp());

    /** How many samples a Prometheus on a copy of the directory answers. */
    const answered = async (directory: string, flags: readonly string[]): Promise<number> => {
      const other = await openFixture({ program: program ?? '', flags });
      try {
        await cp(directory, other.data, { recursive: true });
        await other.start();
        const { body } = await other.ask('/api/v1/query?query=%7B__name__!%3D%22%22%7D%5B1d%5D');
        const { result } = (JSON.parse(body) as { data: { result: { values?: []; histograms?: [] }[] } }).data;
        return result.reduce((sum, { values, histograms }) => sum + (values ?? histograms ?? []).length, 0);
      } finally {
        await other.cleanUp();
      }
    };

    test('the snapshot holds nothing that WAL and head chunks do not hold', async () => {
      expect(snapshot).toMatch(/^chunk_snapshot\.\d{6}\.\d{10}$/);
      const counted = fixture.inventory().totals.samples;
      expect(await answered(data, [feature])).toBe(counted);
      await rm(join(data, snapshot), { recursive: true });
      expect(await answered(data, [])).toBe(counted);
    });

    test('what stopped without the feature since then has an old one, which is read with the WAL behind it', async () => {
      const later = await openFixture({ program: program ?? '', scrapesItself: true });
      try {
        await cp(whole, later.data, { recursive: true });
        await later.start();
        const before = later.inventory().totals.samples;
        await waitFor('more samples come in', async () => later.inventory().totals.samples > before + 1000);
        await later.stop('SIGKILL');
        expect(await readdir(later.data)).toContain(snapshot);
        expect(later.inventory().findings).toEqual([]);
        expect(await answered(later.data, [feature])).toBe(later.inventory().totals.samples);
      } finally {
        await later.cleanUp();
      }
    });

    test('a damaged one is found, and Prometheus reads the WAL in its place', async () => {
      const file = join(snapshot, '00000000');
      const bytes = await readFile(join(data, file));
      for (const at of [4, 9, 100, 700]) {
        bytes[at] = (bytes[at] ?? 0) ^ 0x10;
        await writeFile(join(data, file), bytes);
        expect(said(checkDirectory(data))).toEqual([expect.stringMatching(`^error bad-(checksum|structure) ${file}@`)]);
        expect(countIn(data)).toEqual(countIn(whole));
        if (at === 700) expect(await answered(data, [feature])).toBe(countIn(whole).totals.samples);
        bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      }
      await writeFile(join(data, file), bytes);
      expect(said(checkDirectory(data))).toEqual([]);
    });

    test('a record that is none, its checksum being right', async () => {
      const file = join(snapshot, '00000000');
      const plain = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 1, 5]);
      for (const [first, words] of [
        [1, /at byte 0: a series counts 5 labels; Prometheus reads the WAL in its place/],
        [9, /snapshot record type 9 is not known/],
      ] as const) {
        plain[0] = first;
        const head = Buffer.from([1, 0, plain.length, 0, 0, 0, 0]);
        head.writeUInt32BE(crc32c(plain), 3);
        await writeFile(join(data, file), Buffer.concat([head, plain]));
        expect(checkDirectory(data).findings.map(({ message }) => message)).toEqual([expect.stringMatching(words)]);
      }
    });

    test('one that reaches further than the WAL may hold what nothing else does, and no proof rests on it', async () => {
      const [last = ''] = (await readdir(join(data, 'wal'))).sort().reverse();
      await truncate(join(data, 'wal', last), 100);
      const beyond = { rule: 'snapshot-beyond-wal', severity: 'error', file: snapshot };
      const inventory = countIn(data);
      expect(inventory.findings).toContainEqual(expect.objectContaining(beyond));
      expect(said(checkDirectory(data))).toContain(`error snapshot-beyond-wal ${snapshot}`);
      // That is no idle fear: a Prometheus with the feature answers more than WAL and head chunks hold.
      expect(await answered(data, [feature])).toBeGreaterThan(inventory.totals.samples);
      await rm(join(data, 'wal'), { recursive: true });
      expect(countIn(data).findings).toContainEqual(expect.objectContaining(beyond));
    });
  });
});

function countIn(data: string): TsdbInventory {
  const files = holdFiles(data);
  try {
    return takeInventory({ files, settledMs: null, onRead: () => undefined });
  } finally {
    files.close();
  }
}
