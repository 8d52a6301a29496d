/** What is said of a block whose files are not there, or are symlinks or FIFOs in their place, and of names that are not UTF-8. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { surveyShare } from './survey-share.ts';

const ulid = '01HF2Q7B1Z3V9Q0W8YJ5K6M7N8';
const look = { progress: () => undefined, signal: new AbortController().signal };
let share = '';
const block = (...parts: readonly string[]) => join(share, 'volume', ulid, ...parts);

beforeEach(async () => {
  share = await mkdtemp(join(tmpdir(), 'holdfast-describe-'));
  await mkdir(block(), { recursive: true });
  const stats = { numSamples: 1, numSeries: 1, numChunks: 1 };
  const meta = { ulid, minTime: 0, maxTime: 7_200_000, version: 1, stats, compaction: { level: 1, sources: [ulid] } };
  await writeFile(block('meta.json'), JSON.stringify(meta));
});
afterEach(async () => rm(share, { recursive: true, force: true }));

async function damageOf(): Promise<readonly string[]> {
  const [volume] = (await surveyShare(share, look)).volumes;
  return (volume?.damage ?? []).filter((words) => words.startsWith('block '));
}

test('files that are not there are missing', async () => {
  expect(await damageOf()).toEqual([`block ${ulid}: index is missing`, `block ${ulid}: chunks/000001 is missing`]);
});

test('a symlink in the place of a file, or on the way to it, is said to be one', async () => {
  const elsewhere = join(share, 'elsewhere');
  await mkdir(join(elsewhere, 'chunks'), { recursive: true });
  await symlink(join(elsewhere, 'index'), block('index'));
  await symlink(join(elsewhere, 'chunks'), block('chunks'));
  expect(await damageOf()).toEqual([
    `block ${ulid}: index is a symlink, which is not followed`,
    `block ${ulid}: chunks is a symlink, which is not followed`,
  ]);
  await rm(block('chunks'));
  await mkdir(block('chunks'));
  await symlink(join(elsewhere, 'chunks', '000001'), block('chunks', '000001'));
  expect((await damageOf())[1]).toBe(`block ${ulid}: chunks/000001 is a symlink, which is not followed`);
});

test('a FIFO in the place of a file of a block or of a segment is said to be one', async () => {
  const fifo = async (path: string) => promisify(execFile)('mkfifo', [path]);
  await writeFile(block('index'), '');
  await rm(block('meta.json'));
  await fifo(block('meta.json'));
  await mkdir(join(share, 'volume', 'wal'));
  await fifo(join(share, 'volume', 'wal', '00000001'));
  const { volumes } = await surveyShare(share, look);
  expect(volumes[0]?.damage.filter((words) => words.includes('FIFO')).sort()).toEqual([
    `${ulid}/meta.json is a FIFO and no file`,
    'wal/00000001 is a FIFO and no file',
  ]);
});

test('a directory whose name is not UTF-8 is said to be one, and what to do', async () => {
  const path = Buffer.concat([Buffer.from(`${share}/caf`), Buffer.from([0xe9])]);
  await mkdir(path);
  expect((await surveyShare(share, look)).unreadable).toMatchObject([
    { path: join(share, 'caf\ufffd'), reason: expect.stringContaining('is not UTF-8') },
  ]);
  await expect(surveyShare(join(share, 'caf\ufffd'), look)).rejects.toMatchObject({
    message: expect.stringContaining('is not UTF-8'),
    remedy: expect.stringMatching(/^Rename it/),
  });
});
