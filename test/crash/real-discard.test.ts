/**
 * `holdfast rescue discard` is killed in the place of each call that changes the disk, when it renames a directory and when it
 * removes it 14 days later, and killed once more while the same command finishes. Who keeps the samples never changes, the
 * directory is whole under one of its names until its removal has begun, and in the end the same is there as if nobody had
 * killed anything.
 */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DiscardMark } from '../../src/model/discard-step.ts';
import { discardedName } from '../../src/rules/discard-name.ts';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { copyBlocks, dayMs, makeBlocks } from '../harness/make-blocks.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';
import { createRandom } from '../simulation/random.ts';
import { choosePoints, killCommand } from './kill-command.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const isLong = process.env['HOLDFAST_TEST_LONG'] === '1';
const markFile = '.holdfast-discarded.json';
const timeout = isLong ? 3_600_000 : 900_000;

describe.skipIf(programs === undefined)('a discard that is killed (skipped where there is no promtool)', () => {
  let directory = '';
  let holdfast: Holdfast;
  let share = '';
  let whole: Readonly<Record<string, string>> = {};
  let keeper: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-killed-'));
    holdfast = await openHoldfast();
  });
  afterAll(async () => {
    await holdfast.cleanUp();
    await rm(directory, { recursive: true, force: true });
  });

  const begin = async (): Promise<void> => {
    const made = await makeBlocks({ endsBeforeNowMs: 2 * dayMs, spanMs: dayMs / 4, everyMs: 60_000, series: 3 });
    share = join(directory, 'share');
    await rm(share, { recursive: true, force: true });
    for (const name of ['pvc-a', 'pvc-b']) {
      const data = join(share, name, 'prometheus-db');
      await mkdir(data, { recursive: true });
      await copyBlocks(made.directory, data, made.blocks);
      await age(join(share, name));
    }
    whole = await snapshotTree(join(share, 'pvc-a'));
    keeper = await snapshotTree(join(share, 'pvc-b'));
  };
  const words = (name: string) => ['rescue', 'discard', join(share, name), '--confirm', name];
  const killAt = (name: string, call: number) =>
    killCommand({ holdfast, words: words(name), log: join(directory, 'calls'), call });
  const isKept = async (): Promise<void> => expect(await snapshotTree(join(share, 'pvc-b'))).toEqual(keeper);
  /** Under whichever of its names. */
  const isWhole = async (at: string): Promise<string> => {
    const names = (await readdir(share)).filter((name) => name.startsWith('pvc-a'));
    expect(names, at).toHaveLength(1);
    const [name = ''] = names;
    const except = (path: string) => path.startsWith(markFile);
    expect(await snapshotTree(join(share, name), { except }), at).toEqual(whole);
    return name;
  };
  const makeOld = async (name: string): Promise<string> => {
    const file = join(share, name, markFile);
    const mark = JSON.parse(await readFile(file, 'utf8')) as DiscardMark;
    const discardedAtMs = Date.now() - 15 * dayMs;
    await writeFile(file, JSON.stringify({ ...mark, discardedAtMs }));
    const old = discardedName(mark.name, discardedAtMs);
    await rename(join(share, name), join(share, old));
    return old;
  };

  test('ends with its directory renamed, and whole all along', { timeout }, async () => {
    await begin();
    const { calls } = await killAt('pvc-a', Infinity);
    const random = createRandom(23);
    for (const call of choosePoints(calls)) {
      const at = `killed at ${call}: ${calls[call - 1]}`;
      await begin();
      expect((await killAt('pvc-a', call)).wasKilled, at).toBe(true);
      // What is renamed already is asked for by its old name, as by one who runs the same command again.
      await isWhole(at);
      await killAt('pvc-a', 1 + random.below(Math.max(1, calls.length - call)));
      await isWhole(at);
      await holdfast.succeed(words('pvc-a'));
      expect(await isWhole(at), at).toMatch(/^pvc-a\.discarded-\d{8}T\d{6}Z$/);
      expect(await readdir(share), at).toHaveLength(3);
      await isKept();
    }
  });

  test('ends with it removed, and nothing else', { timeout }, async () => {
    const begun = async (): Promise<string> => {
      await begin();
      await holdfast.succeed(words('pvc-a'));
      return makeOld(await isWhole('discarded'));
    };
    const { calls } = await killAt(await begun(), Infinity);
    const random = createRandom(29);
    for (const call of choosePoints(calls)) {
      const at = `killed at ${call}: ${calls[call - 1]}`;
      const name = await begun();
      expect((await killAt(name, call)).wasKilled, at).toBe(true);
      if ((await readdir(share)).includes(name)) await isWhole(at);
      const isThere = async () => (await readdir(share)).some((entry) => entry.startsWith(name));
      if (await isThere()) await killAt(name, 1 + random.below(Math.max(1, calls.length - call)));
      if (await isThere()) await holdfast.succeed(words(name));
      expect((await readdir(share)).sort(), at).toEqual(['holdfast-discards', 'pvc-b']);
      await isKept();
    }
  });
});

/** Nobody has written to it for a day. */
async function age(root: string): Promise<void> {
  const yesterday = new Date(Date.now() - dayMs);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) await utimes(join(entry.parentPath, entry.name), yesterday, yesterday);
  }
}
