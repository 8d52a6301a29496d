/**
 * Databases as Grafana writes them, by the real sqlite3: whole, in both journal modes, with a writer in the middle of a
 * transaction, with one that was killed in it, and damaged. What is looked at is never changed.
 */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSqliteReader } from './sqlite-checker.ts';
import { whyNoSqlite } from './run-sqlite.ts';

const path = process.env['PATH'] ?? '';
const { signal } = new AbortController();
const missing = await whyNoSqlite({ path }, signal);
const rows = 20_000;

describe.skipIf(missing !== undefined)(`a database${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  const reader = createSqliteReader({ path, now: Date.now });
  let folder = '';
  let file = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-sqlite-test-'));
    file = join(folder, 'grafana #1?.db');
    sqlite('CREATE TABLE dashboard(id INTEGER PRIMARY KEY, title TEXT UNIQUE, data TEXT)', fill(1));
  });
  afterEach(async () => rm(folder, { recursive: true, force: true }));

  const sqlite = (...statements: readonly string[]): string =>
    execFileSync('sqlite3', ['-bail', file, ...statements], { encoding: 'utf8' });
  const fill = (from: number): string =>
    `WITH RECURSIVE c(x) AS (SELECT ${from} UNION ALL SELECT x + 1 FROM c WHERE x < ${from + rows - 1})
     INSERT INTO dashboard SELECT x, 'title ' || x, hex(randomblob(60)) FROM c`;
  const digest = async (): Promise<readonly string[]> => {
    const names = (await readdir(folder)).sort();
    const sums = names.map(async (name) => `${name} ${sha256(await readFile(join(folder, name)))}`);
    return Promise.all(sums);
  };
  /** A writer in the middle of a transaction that has spilled into the file. */
  const openWriter = async () => {
    const child = spawn('sqlite3', ['-bail', file], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.write(`PRAGMA cache_size = 2;\nBEGIN IMMEDIATE;\n${fill(rows + 1)};\nSELECT 'written';\n`);
    await once(child.stdout, 'data');
    return {
      end: async (how: 'SIGKILL' | 'commit') => {
        const gone = once(child, 'exit');
        if (how === 'commit') child.stdin.end('COMMIT;\n');
        else child.kill(how);
        await gone;
      },
    };
  };

  test('is whole, with its tables and rows, and stays as it is', async () => {
    const before = await digest();
    expect(await reader.check(file, signal)).toMatchObject({ state: 'whole', tables: 1, rows, leftover: null });
    expect(await digest()).toEqual(before);
  });

  test('with a log that a killed writer has left is read with it, and nothing is made beside it', async () => {
    sqlite('PRAGMA journal_mode = WAL');
    const child = spawn('sqlite3', ['-bail', file], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.write(`PRAGMA wal_autocheckpoint = 0;\n${fill(rows + 1)};\nSELECT 'written';\n`);
    for (let said = ''; !said.includes('written');) said += String((await once(child.stdout, 'data'))[0]);
    // It runs, so that its shared memory is in use.
    expect(await reader.check(file, signal)).toMatchObject({ state: 'whole', rows: 2 * rows, leftover: null });
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    const anHourAgo = Date.now() / 1000 - 3600;
    for (const suffix of ['', '-wal']) await utimes(`${file}${suffix}`, anHourAgo, anHourAgo);
    const killed = await digest();
    expect(killed).toHaveLength(3);
    expect(await reader.check(file, signal)).toMatchObject({ rows: 2 * rows, leftover: 'write-ahead-log' });
    expect(await digest()).toEqual(killed);
    await rm(`${file}-shm`);
    const before = await digest();
    expect(await reader.check(file, signal)).toMatchObject({
      state: 'whole',
      rows: 2 * rows,
      leftover: 'write-ahead-log',
    });
    expect(await digest()).toEqual(before);
  });

  test('with a writer in the middle of it is never read half', async () => {
    const writer = await openWriter();
    const during = await reader.check(file, signal);
    // The writer has spilled and holds the lock: nobody can read, or all sees what was before.
    if (during.state === 'whole') expect(during.rows).toBe(rows);
    else expect(during.state).toBe('unchecked');
    await writer.end('commit');
    expect(await reader.check(file, signal)).toMatchObject({ state: 'whole', rows: 2 * rows });
  }, 120_000);

  test('with the journal of a writer that was killed is what will be rolled back to, and is not rolled back by us', async () => {
    const writer = await openWriter();
    await writer.end('SIGKILL');
    expect(await readdir(folder)).toHaveLength(2);
    const before = await digest();
    expect(await reader.check(file, signal)).toMatchObject({ state: 'whole', rows, leftover: 'rollback-journal' });
    expect(await digest()).toEqual(before);
  });

  test('that is damaged is said to be: a page of zeros, a tree that points elsewhere, a file cut off, another file', async () => {
    const whole = await readFile(file);
    const pages = whole.length / 4096;
    const zeroed = Buffer.from(whole).fill(0, 4096 * Math.floor(pages / 2), 4096 * (Math.floor(pages / 2) + 1));
    await writeFile(file, zeroed);
    expect(await reader.check(file, signal)).toMatchObject({ state: 'damaged' });
    const pointing = Buffer.from(whole);
    pointing.writeUInt32BE(1, 4096 + 8);
    await writeFile(file, pointing);
    expect(await reader.check(file, signal)).toMatchObject({ state: 'damaged' });
    await writeFile(file, whole);
    await truncate(file, whole.length / 2);
    expect(await reader.check(file, signal)).toMatchObject({ state: 'damaged' });
    await writeFile(file, '');
    expect(await reader.check(file, signal)).toMatchObject({ state: 'damaged', problems: ['The file is empty.'] });
    await writeFile(file, 'x'.repeat(4096));
    expect(await reader.check(file, signal)).toMatchObject({ state: 'damaged' });
  });

  test('behind a symlink is not followed', async () => {
    const link = join(folder, 'link.db');
    await symlink(file, link);
    await expect(reader.check(link, signal)).rejects.toMatchObject({ code: 'ELOOP' });
  });

  test('where there is no sqlite3 is unchecked, and never whole', async () => {
    expect(await createSqliteReader({ path: folder, now: Date.now }).check(file, signal)).toMatchObject({
      state: 'unchecked',
      why: 'The program sqlite3 is not here.',
    });
  });
});

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
