import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeLock } from '../files/lock.ts';
import type { JournalEntry } from '../model/run.ts';
import { openJournal } from './journal.ts';
import { listRuns } from './list-runs.ts';
import { begun, by, continuedRun, failedRun, run } from './testdata/entries.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-runs-'));
});
afterEach(() => rm(root, { recursive: true }));

async function write(id: string, entries: readonly JournalEntry[]): Promise<void> {
  const journal = await openJournal(root, id);
  for (const entry of entries) await journal.append(entry);
  await journal.close();
}
const alive = async () => true;
const dead = async () => false;
const otherHost = async () => Promise.reject(new Error('another host'));

test('nothing was ever run', async () => {
  expect(await listRuns(root, dead)).toEqual([]);
});

test('a run with its steps, as it went', async () => {
  await write(run, failedRun);
  expect(await listRuns(root, alive)).toEqual([
    {
      run,
      verb: 'rebuild',
      state: 'failed',
      startedAtMs: 1000,
      endedAtMs: 1006,
      message: 'port taken',
      damage: [],
      steps: [
        { title: 'stop a', kind: 'stop-process', state: 'done', startedAtMs: 1001, endedAtMs: 1002, message: null },
        { title: 'stop ü', kind: 'stop-process', state: 'skipped', startedAtMs: null, endedAtMs: 1003, message: null },
        {
          title: 'start c',
          kind: 'stop-process',
          state: 'failed',
          startedAtMs: 1004,
          endedAtMs: 1005,
          message: 'port taken',
        },
      ],
    },
  ]);
});

test('without an end it runs while its process lives, and is interrupted after', async () => {
  await write(run, continuedRun);
  expect((await listRuns(root, alive))[0]).toMatchObject({ state: 'running', startedAtMs: 1000, endedAtMs: null });
  const [interrupted] = await listRuns(root, dead);
  expect(interrupted).toMatchObject({ state: 'interrupted' });
  expect(interrupted?.steps.map(({ title, state }) => [title, state])).toEqual([['start b', 'started']]);
});

test("another host's run runs while it holds the lock", async () => {
  await write(run, continuedRun);
  expect((await listRuns(root, otherHost))[0]?.state).toBe('interrupted');
  await takeLock(join(root, 'lock.json'), { holder: { ...by, verb: 'rebuild', run }, isAlive: alive });
  expect((await listRuns(root, otherHost))[0]?.state).toBe('running');
});

test('the newest comes first, also of one second; other files are none', async () => {
  const ids = ['20261124T021500Z-up-ffff', '20261124T021500Z-up-0000', '20261123T000000Z-down-8888'];
  await write(ids[1] ?? '', [begun(5001, [])]);
  await write(ids[0] ?? '', [begun(5000, [])]);
  await write(ids[2] ?? '', [begun(4000, [])]);
  await writeFile(join(root, 'journal', 'notes.txt'), 'x');
  expect((await listRuns(root, dead)).map((summary) => summary.run)).toEqual([ids[1], ids[0], ids[2]]);
  expect((await listRuns(root, dead, { limit: 1 })).map((summary) => summary.run)).toEqual([ids[0]]);
});

test('an empty journal and a directory in the place of one are interrupted runs', async () => {
  await write('20261124T021500Z-up-ffff', []);
  await mkdir(join(root, 'journal', '20261124T021501Z-down-ffff.ndjson'));
  const runs = await listRuns(root, dead);
  expect(runs.map(({ verb, state }) => [verb, state])).toEqual([
    ['down', 'interrupted'],
    ['up', 'interrupted'],
  ]);
});
