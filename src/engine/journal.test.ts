import fc from 'fast-check';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bundleForChild } from '../files/testdata/bundle-for-child.ts';
import type { JournalEntry } from '../model/run.ts';
import { openJournal } from './journal.ts';
import { renderJournalLine } from './journal-line.ts';
import { readJournal } from './read-journal.ts';
import { summarizeRun } from './summarize-run.ts';
import { begun, continuedRun, failedRun, makeStep, run } from './testdata/entries.ts';

let root = '';
let path = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-journal-'));
  path = join(root, 'journal', `${run}.ndjson`);
});
afterEach(() => rm(root, { recursive: true }));

async function write(entries: readonly JournalEntry[]): Promise<void> {
  const journal = await openJournal(root, run);
  for (const entry of entries) await journal.append(entry);
  await journal.close();
}
const bytesOf = (entries: readonly JournalEntry[]) => Buffer.from(entries.map(renderJournalLine).join(''));

describe('openJournal', () => {
  test('keeps entries in order, each a line of JSON, readable by nobody else', async () => {
    await write(failedRun.slice(0, 3));
    await write(failedRun.slice(3));
    const bytes = await readFile(path);
    expect(readJournal(bytes)).toEqual({ lines: failedRun, damage: [] });
    const lines = bytes.toString().trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { entry: JournalEntry }).entry)).toEqual(failedRun);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('cuts off a torn last line, so that the next entry is whole', async () => {
    await write(failedRun);
    const { size } = await stat(path);
    await truncate(path, size - 5);
    await write([begun(3000, [])]);
    expect(readJournal(await readFile(path))).toEqual({
      lines: [...failedRun.slice(0, -1), begun(3000, [])],
      damage: [],
    });
  });

  test('a torn line longer than one read is cut off too', async () => {
    await write(failedRun.slice(0, 1));
    await appendFile(path, 'x'.repeat(200_000));
    await write([begun(3000, [])]);
    expect(readJournal(await readFile(path)).lines).toEqual([failedRun[0], begun(3000, [])]);
  });

  test('never follows a symlink, and takes only ids of runs', async () => {
    await write([]);
    await rm(path);
    await writeFile(join(root, 'mine'), 'not ours');
    await symlink(join(root, 'mine'), path);
    await expect(openJournal(root, run)).rejects.toMatchObject({ code: 'io' });
    await expect(openJournal(root, '../x')).rejects.toMatchObject({ code: 'bad-arguments' });
    expect(await readFile(join(root, 'mine'), 'utf8')).toBe('not ours');
  });

  test('a writer that is killed at any moment loses at most the entry it was writing', async () => {
    const script = await bundleForChild(
      root,
      './src/engine/journal.ts',
      `const journal = await openJournal(${JSON.stringify(root)}, ${JSON.stringify(run)});
       const step = ${JSON.stringify(makeStep('x'.repeat(50_000)))};
       for (let atMs = 0; ; atMs += 1) { await journal.append({ type: 'started', atMs, step }); console.log(atMs); }`,
    );
    let known = 0;
    for (const pauseMs of [0, 5, 11, 17]) {
      const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
      let told = '';
      child.stdout.on('data', (text: Buffer) => (told += String(text)));
      await once(child.stdout, 'data');
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      child.kill('SIGKILL');
      await once(child, 'close');
      const content = readJournal(await readFile(path));
      expect(content.damage).toEqual([]);
      known += told.trimEnd().split('\n').length;
      expect(content.lines.length).toBeGreaterThanOrEqual(known);
      known = content.lines.length;
      await write([]);
    }
  });
});

describe('a damaged journal', () => {
  const oneOf = fc.constantFrom(failedRun, continuedRun);

  test('cut anywhere: it tells what was true at that point, and nothing is reported as damage', () => {
    const cut = oneOf.chain((entries) => fc.tuple(fc.constant(entries), fc.nat(bytesOf(entries).length)));
    fc.assert(
      fc.property(cut, ([entries, length]) => {
        const content = readJournal(bytesOf(entries).subarray(0, length));
        expect(content).toEqual({ lines: entries.slice(0, content.lines.length), damage: [] });
        const { summary } = summarizeRun(run, content);
        const last = entries[content.lines.length - 1];
        expect(summary.state).toBe(last?.type === 'ended' ? last.outcome : 'interrupted');
      }),
      { numRuns: 500 },
    );
  });

  test('any byte changed: never a crash, never silent, and never done what was not', () => {
    const flip = oneOf.chain((entries) =>
      fc.tuple(fc.constant(entries), fc.nat(bytesOf(entries).length - 1), fc.integer({ min: 1, max: 255 })),
    );
    fc.assert(
      fc.property(flip, ([entries, index, mask]) => {
        const bytes = bytesOf(entries);
        bytes[index] = (bytes[index] ?? 0) ^ mask;
        const content = readJournal(bytes);
        const { summary } = summarizeRun(run, content);
        const isLastLineFeed = index === bytes.length - 1;
        expect(summary.damage.length > 0 || isLastLineFeed).toBe(true);
        expect(summary.state).not.toBe('done');
        expect(doneTitles(summary)).toEqual(doneTitles(summary).filter((title) => allDone(entries).includes(title)));
      }),
      { numRuns: 2000 },
    );
  });

  test('any bytes at all are read without a crash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(summarizeRun(run, readJournal(bytes)).summary.state).toBe('interrupted');
      }),
    );
  });

  const doneTitles = (summary: { readonly steps: readonly { readonly title: string; readonly state: string }[] }) =>
    summary.steps.filter(({ state }) => state === 'done').map(({ title }) => title);
  const allDone = (entries: readonly JournalEntry[]) =>
    entries.flatMap((entry) => (entry.type === 'done' && !entry.skipped ? [entry.step.title] : []));

  test('a beginning that is lost: the id still says what it was, and an end alone proves nothing', () => {
    const done = bytesOf([begun(1000, []), { type: 'ended', atMs: 1001, outcome: 'done' }]);
    done[60] = 0x58;
    const { summary } = summarizeRun(run, readJournal(done));
    expect(summary).toMatchObject({
      verb: 'rebuild',
      state: 'interrupted',
      startedAtMs: Date.UTC(2026, 10, 24, 2, 15),
    });
    expect(summary.damage).toEqual(['line 1: checksum']);
  });

  test('a line of a later version is said to be one', () => {
    const text = renderJournalLine(begun(1000, [])).replace('"v":1', '"v":2');
    expect(readJournal(Buffer.from(text)).damage).toEqual(['line 1: written by a newer Holdfast']);
  });
});
