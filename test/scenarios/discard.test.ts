/**
 * A share fills up with orphans, and an operator discards one whose history is in another directory. What is not proven
 * sample by sample to be elsewhere stays, and so does whatever is in use, is written to, or holds more than a Prometheus
 * wrote. The directory is renamed where everybody sees it, can be put back, and never again counts as the place where
 * another one's samples are kept. After 14 days, and proven once more, it is deleted. Killed anywhere, the same command
 * finishes it.
 */
import { cp, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DiscardMark, KeptProof } from '../../src/model/discard-step.ts';
import type { RescueSurvey } from '../../src/model/found-volume.ts';
import { discardedName } from '../../src/rules/discard-name.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { openHoldfast, type Holdfast, type HoldfastOutcome } from '../harness/holdfast.ts';
import { copyBlocks, dayMs, makeBlocks, type MadeBlocks } from '../harness/make-blocks.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';
import { waitFor } from '../harness/wait-for.ts';
import { openFixture } from '../tsdb/prometheus.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const markFile = '.holdfast-discarded.json';

let holdfast: Holdfast;
let directory = '';
let share = '';
let made: MadeBlocks;

beforeAll(async () => {
  holdfast = await openHoldfast();
  directory = await mkdtemp(join(tmpdir(), 'holdfast-discard-'));
  if (programs === undefined) return;
  made = await makeBlocks({ endsBeforeNowMs: 2 * dayMs, spanMs: dayMs / 4, everyMs: 60_000, series: 3 });
});
afterAll(async () => {
  await holdfast.cleanUp();
  await rm(directory, { recursive: true, force: true });
});
beforeEach(async () => {
  share = await mkdtemp(join(directory, 'share-'));
});

describe.skipIf(programs === undefined)('rescue discard (skipped where there is no promtool)', () => {
  test('finds by itself who holds the samples, and --plan changes nothing', async () => {
    await place('pvc-a', made.blocks.slice(0, 2));
    await place('pvc-b');
    const before = await snapshotTree(share);
    const { json } = await holdfast.succeed(['rescue', 'discard', path('pvc-a'), '--plan']);
    expect(json.plan?.steps.map(({ kind }) => kind)).toEqual(['record-proof', 'mark-discarded', 'set-aside']);
    const [found] = json.plan?.findings ?? [];
    expect(found?.rule).toBe('kept-elsewhere');
    expect(found?.message).toContain(path('pvc-b', 'prometheus-db'));
    expect(await snapshotTree(share)).toEqual(before);
  });

  test('refuses what is nowhere else, with the window', async () => {
    await place('pvc-a');
    await place('pvc-b', made.blocks.slice(1));
    const before = await snapshotTree(share);
    const { json } = await refuse(['pvc-a', '--confirm', 'pvc-a'], 'not-elsewhere');
    const [first = ''] = await metaTimes(path('pvc-a', 'prometheus-db', made.blocks[0] ?? ''));
    expect(json.error?.message).toContain(`the first is from ${first}`);
    expect(json.error?.details['lost']).toMatchObject([{ changed: 0 }]);
    await place('alone', made.blocks, { below: 'elsewhere' });
    const none = await refuse(['elsewhere/alone', '--confirm', 'alone'], 'not-elsewhere');
    expect(none.json.error?.remedy).toContain('--kept-in');
    await rm(path('elsewhere'), { recursive: true });
    expect(await snapshotTree(share)).toEqual(before);
  });

  test('takes several directories together, found or named', async () => {
    await place('pvc-a');
    await place('half', made.blocks.slice(0, 2));
    await place('other-half', made.blocks.slice(1));
    await refuse(['pvc-a', '--kept-in', path('half'), '--confirm', 'pvc-a'], 'not-elsewhere');
    const named = ['--kept-in', path('half'), '--kept-in', path('other-half')];
    const planned = await holdfast.succeed(['rescue', 'discard', path('pvc-a'), ...named, '--plan']);
    expect(planned.json.plan?.steps).toHaveLength(3);
    const done = await discard('pvc-a');
    expect(done.proof.keptIn.toSorted()).toEqual([path('half', 'prometheus-db'), path('other-half', 'prometheus-db')]);
    expect(done.proof).toMatchObject({ samples: made.samples, lost: [], undecided: [] });
  });

  test('refuses a copy with a damaged byte, on either side', async () => {
    await place('pvc-a');
    await place('pvc-b');
    const chunks = path('pvc-b', 'prometheus-db', made.blocks[1] ?? '', 'chunks', '000001');
    const bytes = await readFile(chunks);
    await writeFile(chunks, bytes.fill((bytes[100] ?? 0) ^ 1, 100, 101));
    await refuse(['pvc-a', '--confirm', 'pvc-a'], 'not-elsewhere');
    await age(path('pvc-b'));
    await refuse(['pvc-b', '--confirm', 'pvc-b'], 'not-elsewhere');
  });

  test('asks for the name', async () => {
    await place('pvc-a');
    await place('pvc-b');
    const before = await snapshotTree(share);
    const unconfirmed = await holdfast.run(['rescue', 'discard', path('pvc-a')]);
    expect([unconfirmed.exitCode, unconfirmed.json.error?.code]).toEqual([2, 'confirmation-missing']);
    const { exitCode, json } = await holdfast.run(['rescue', 'discard', path('pvc-a'), '--confirm', 'pvc-b']);
    expect([exitCode, json.error?.code]).toEqual([10, 'wrong-name']);
    expect(await snapshotTree(share)).toEqual(before);
  });

  test('refuses a symlink, and one that stands in for the samples', async () => {
    await place('pvc-a');
    await symlink(path('pvc-a'), path('link'));
    const linked = await holdfast.run(['rescue', 'discard', path('link'), '--confirm', 'link']);
    expect(linked.json.error?.code).toBe('not-a-directory');
    // The copy is no copy: its blocks lead back.
    await mkdir(path('fake', 'prometheus-db'), { recursive: true });
    for (const block of made.blocks) {
      await symlink(path('pvc-a', 'prometheus-db', block), path('fake', 'prometheus-db', block));
    }
    const words = ['pvc-a', '--kept-in', path('fake'), '--confirm', 'pvc-a'];
    expect((await refuse(words, 'not-elsewhere')).json.error?.message).toContain('does not count');
    const itself = await refuse(['pvc-a', '--kept-in', path('link'), '--confirm', 'pvc-a'], 'not-elsewhere');
    expect(itself.json.error?.message).toContain('itself');
    await symlink('/etc', path('pvc-a', 'etc'));
    await place('pvc-b');
    expect((await refuse(['pvc-a', '--confirm', 'pvc-a'], 'not-discardable')).json.error?.message).toContain('symlink');
  });

  test('refuses what no sample can prove: foreign files, other components, several volumes, nothing readable', async () => {
    await place('pvc-b');
    await place('pvc-a');
    await writeFile(path('pvc-a', 'notes.txt'), 'where the keys are');
    await age(path('pvc-a'));
    const { json } = await refuse(['pvc-a', '--confirm', 'pvc-a'], 'not-discardable');
    expect(json.error?.message).toContain('notes.txt');
    await mkdir(path('alertmanager'));
    await writeFile(path('alertmanager', 'silences'), 'x');
    const other = await refuse(['alertmanager', '--confirm', 'alertmanager'], 'not-discardable');
    expect(other.json.error?.message).toContain('only of a Prometheus volume');
    const several = await refuse(['.', '--confirm', share.slice(share.lastIndexOf('/') + 1)], 'not-discardable');
    expect(several.json.error?.message).toContain(
      `it holds other volumes: ${path('pvc-a')} (prometheus), ${path('pvc-b')}`,
    );
    expect(several.json.error?.remedy).toContain(`Name one of them: holdfast rescue discard '${path('pvc-a')}'`);
    await place('far', made.blocks, { below: 'a/b/c/d/e/f/g/h/i' });
    const deep = await refuse(['a', '--confirm', 'a'], 'not-discardable');
    expect(deep.json.error?.message).toContain(`it holds volumes: ${path('a/b/c/d/e/f/g/h/i/far')} (prometheus)`);
    await place('pvc-a/old');
    const within = await refuse(['pvc-a', '--confirm', 'pvc-a'], 'not-discardable');
    expect(within.json.error?.message).toContain(`it holds other volumes: ${path('pvc-a/old')} (prometheus)`);
    await rm(path('pvc-a/old'), { recursive: true });
    await rm(path('a'), { recursive: true });
    await mkdir(path('tables'));
    await writeFile(path('tables', 'a.csv'), '1,2');
    await refuse(['tables', '--confirm', 'tables'], 'not-discardable');
    await place('hollow', made.blocks.slice(0, 1));
    await writeFile(path('hollow', 'prometheus-db', made.blocks[0] ?? '', 'chunks', '000001'), '');
    await age(path('hollow'));
    await refuse(['hollow', '--confirm', 'hollow'], 'not-elsewhere');
    await mkdir(path('empty', 'prometheus-db', 'wal'), { recursive: true });
    const planned = await holdfast.succeed(['rescue', 'discard', path('empty'), '--plan']);
    expect(planned.json.plan?.findings[0]?.rule).toBe('nothing-in-it');
  });

  test('refuses a whole block that nothing else holds, also with the name of one that was being deleted', async () => {
    await place('pvc-a');
    await place('pvc-b', made.blocks.slice(1));
    const [first = ''] = made.blocks;
    const block = path('pvc-a', 'prometheus-db', first);
    await rename(block, `${block}.tmp-for-deletion`);
    await refuse(['pvc-a', '--confirm', 'pvc-a'], 'not-elsewhere');
    // Prometheus does not delete one with such a name.
    await rename(`${block}.tmp-for-deletion`, `${block}.tmp-before-upgrade`);
    const strange = await refuse(['pvc-a', '--confirm', 'pvc-a'], 'not-discardable');
    expect(strange.json.error?.message).toContain(`${first}.tmp-before-upgrade`);
    await rename(`${block}.tmp-before-upgrade`, `${block}.tmp`);
    await copyBlocks(made.directory, path('pvc-b', 'prometheus-db'), [first]);
    expect((await discard('pvc-a')).proof.samples).toBe(made.samples);
  });

  test('refuses while something writes to it, here or on another host, and beside the lock of another host', async () => {
    await place('pvc-b');
    await place('pvc-a');
    const now = new Date();
    await utimes(path('pvc-a', 'prometheus-db', made.blocks[0] ?? '', 'index'), now, now);
    const { json } = await refuse(['pvc-a', '--confirm', 'pvc-a'], 'not-discardable');
    expect(json.error?.details['rule']).toBe('recently-written');
    await age(path('pvc-a'));
    await mkdir(path('holdfast-discards'));
    const holder = {
      format: 1,
      host: 'other',
      bootId: 'b',
      pid: 1,
      startTicks: 1,
      verb: 'discard',
      run: 'r',
      token: 't',
    };
    await writeFile(path('holdfast-discards', 'lock.json'), JSON.stringify(holder));
    const locked = await holdfast.run(['rescue', 'discard', path('pvc-a'), '--confirm', 'pvc-a']);
    expect([locked.exitCode, locked.json.error?.code]).toEqual([11, 'locked']);
    expect(await readdir(share)).toContain('pvc-a');
    await rm(path('holdfast-discards'), { recursive: true });
    const fixture = await openFixture({ program: join(programs ?? '', 'prometheus') });
    try {
      await copyBlocks(made.directory, fixture.data);
      await fixture.start();
      const words = ['rescue', 'discard', fixture.data, '--kept-in', path('pvc-b'), '--confirm', 'data'];
      const running = await holdfast.run(words);
      expect([running.exitCode, running.json.error?.code]).toEqual([11, 'volume-locked']);
    } finally {
      await fixture.cleanUp();
    }
  });

  test('renames it, tells since when, and it counts no more for another one', async () => {
    await place('pvc-a');
    await place('pvc-b');
    const before = await snapshotTree(path('pvc-a'));
    const { renamedTo } = await discard('pvc-a');
    const { [markFile]: mark, ...rest } = await snapshotTree(renamedTo);
    expect(mark).toBeDefined();
    expect(rest).toEqual(before);
    // Once more is no error, and says where it is.
    expect((await discard('pvc-a')).renamedTo).toBe(renamedTo);
    const survey = (await holdfast.succeed(['rescue', share])).json as unknown as RescueSurvey;
    const [gone, kept] = survey.volumes.toSorted((one) => (one.discarded === null ? 1 : -1));
    expect(gone).toMatchObject({ path: renamedTo, kind: 'prometheus', discarded: { name: 'pvc-a' } });
    expect(kept).toMatchObject({ path: path('pvc-b'), form: 'volume', discarded: null });
    expect((await holdfast.say(['rescue', share])).stdout).toContain('may be removed from');
    // The one that is left is the only one now, whether or not the other one is named.
    await refuse(['pvc-b', '--confirm', 'pvc-b'], 'not-elsewhere');
    await refuse(['pvc-b', '--kept-in', renamedTo, '--confirm', 'pvc-b'], 'not-elsewhere');
    await rename(renamedTo, path('pvc-a'));
    const marked = await refuse(['pvc-b', '--kept-in', path('pvc-a'), '--confirm', 'pvc-b'], 'not-elsewhere');
    expect(marked.json.error?.message).toContain('discarded');
    // Put back as the guide says, it counts again.
    await rm(path('pvc-a', markFile));
    expect(await snapshotTree(path('pvc-a'))).toEqual(before);
    await discard('pvc-b');
  });

  test('stays for 14 days, is proven once more, and is then deleted and nothing else', async () => {
    await place('pvc-a');
    await place('pvc-b');
    const { renamedTo } = await discard('pvc-a');
    const name = renamedTo.slice(share.length + 1);
    const young = await refuse([name, '--confirm', name], 'not-discardable');
    expect(young.json.error?.message).toContain('stays until');
    // Neither the mark nor the name alone makes it old.
    const { discardedAtMs } = await readMark(renamedTo);
    await writeMark(renamedTo, { discardedAtMs: discardedAtMs - 15 * dayMs });
    await refuse([name, '--confirm', name], 'not-discardable');
    const old = await makeOld(renamedTo);
    const oldName = old.slice(share.length + 1);
    expect((await holdfast.say(['rescue', share])).stdout).toContain(`holdfast rescue discard '${old}'`);
    const lost = made.blocks[0] ?? '';
    await rename(path('pvc-b', 'prometheus-db', lost), join(directory, `${lost}-aside`));
    await refuse([oldName, '--confirm', oldName], 'not-elsewhere');
    await rename(join(directory, `${lost}-aside`), path('pvc-b', 'prometheus-db', lost));
    const before = await snapshotTree(path('pvc-b'));
    const { json } = await holdfast.succeed(['rescue', 'discard', old, '--confirm', oldName]);
    expect(json).toMatchObject({ removed: true, proof: { samples: made.samples } });
    expect((await readdir(share)).sort()).toEqual(['holdfast-discards', 'pvc-b']);
    expect(await snapshotTree(path('pvc-b'))).toEqual(before);
  });

  test('killed at each step, the same command finishes it', async () => {
    for (const step of [0, 1, 2]) {
      share = await mkdtemp(join(directory, 'share-'));
      await place('pvc-a');
      await place('pvc-b');
      const before = await snapshotTree(path('pvc-a'));
      await killAt(['pvc-a', '--confirm', 'pvc-a'], step);
      const { renamedTo } = await discard('pvc-a');
      expect(await snapshotTree(renamedTo, { except: (name) => name === markFile })).toEqual(before);
      const old = await makeOld(renamedTo);
      const name = old.slice(share.length + 1);
      await killAt([name, '--confirm', name], step);
      const left = await lstat(old).catch(() => undefined);
      const going = await lstat(`${old}.tmp-for-deletion`).catch(() => undefined);
      if (left !== undefined || going !== undefined) {
        await holdfast.succeed(['rescue', 'discard', old, '--confirm', name]);
      }
      expect((await readdir(share)).sort()).toEqual(['holdfast-discards', 'pvc-b']);
    }
  });

  test('what a kill has left of its mark or of an identity is no stranger, and the mark is tidied up', async () => {
    await place('pvc-a');
    await place('pvc-b');
    const half = path('pvc-a', `${markFile}.0123456789ab.tmp-for-creation`);
    const identity = path('pvc-a', '.holdfast.json.0123456789ab.tmp-for-creation');
    await writeFile(identity, '{');
    await age(path('pvc-a'));
    const before = await snapshotTree(path('pvc-a'));
    await writeFile(half, '{"format"');
    const { renamedTo } = await discard('pvc-a');
    expect(await snapshotTree(renamedTo, { except: (name) => name === markFile })).toEqual(before);
    await rename(renamedTo, path('pvc-a'));
    await rm(path('pvc-a', markFile));
    await writeFile(path('pvc-a', 'prometheus-db', `${markFile}.0123456789ab.tmp-for-creation`), '{');
    await age(path('pvc-a'));
    const refused = await refuse(['pvc-a', '--confirm', 'pvc-a'], 'not-discardable');
    expect(refused.json.error?.details['rule']).toBe('strangers');
  });

  test('finishes what a removal has left half deleted, by either name, and nothing that only has such a name', async () => {
    await place('pvc-a');
    await place('pvc-b');
    const old = await makeOld((await discard('pvc-a')).renamedTo);
    const going = `${old}.tmp-for-deletion`;
    await rename(old, going);
    await rm(join(going, 'prometheus-db', made.blocks[0] ?? ''), { recursive: true });
    const name = old.slice(share.length + 1);
    await holdfast.succeed(['rescue', 'discard', old, '--confirm', name]);
    expect(await readdir(share)).not.toContain(`${name}.tmp-for-deletion`);
    // Without the mark it is not ours, whatever it is called.
    await cp(path('pvc-b'), going, { recursive: true });
    const { json } = await holdfast.run(['rescue', 'discard', going, '--confirm', `${name}.tmp-for-deletion`]);
    expect(json.error?.code).toBe('not-discardable');
    expect(await readdir(going)).toEqual(['prometheus-db']);
  });
});

describeStack('rescue discard beside a stack', () => {
  test('refuses the volume of a stack, what is in it and what is around it; its samples may be those that are kept', async () => {
    const own = await openHoldfast();
    try {
      const blocks = await makeBlocks({ endsBeforeNowMs: 2 * dayMs, spanMs: dayMs / 4, everyMs: 60_000, series: 3 });
      await own.succeed(['adopt', blocks.directory]);
      const volume = own.path('volumes', 'prometheus');
      await place('pvc-b');
      for (const bound of [volume, join(volume, 'prometheus-db'), own.path('volumes'), own.dataRoot]) {
        const words = ['--kept-in', path('pvc-b'), '--confirm', bound.slice(bound.lastIndexOf('/') + 1)];
        const { json } = await own.run(['rescue', 'discard', bound, ...words]);
        expect([json.error?.code, json.error?.details['rule']]).toEqual(['not-discardable', 'bound']);
      }
      await own.succeed(['up']);
      const { json } = await own.succeed([
        'rescue',
        'discard',
        path('pvc-b'),
        '--kept-in',
        volume,
        '--confirm',
        'pvc-b',
      ]);
      expect(json).toMatchObject({ proof: { samples: blocks.samples } });
      await own.succeed(['down']);
    } finally {
      await own.cleanUp();
    }
  });
});

function path(...parts: readonly string[]): string {
  return join(share, ...parts);
}

/** A volume as the chart lays it out, that nobody has written to for a day. */
async function place(name: string, blocks = made.blocks, { below = '' } = {}): Promise<void> {
  const data = path(below, name, 'prometheus-db');
  await mkdir(data, { recursive: true });
  await copyBlocks(made.directory, data, blocks);
  await age(path(below, name));
}

async function age(root: string): Promise<void> {
  const yesterday = new Date(Date.now() - dayMs);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) await utimes(join(entry.parentPath, entry.name), yesterday, yesterday);
  }
}

interface Discarded {
  readonly renamedTo: string;
  readonly proof: KeptProof;
}

async function discard(name: string): Promise<Discarded> {
  const { json } = await holdfast.succeed(['rescue', 'discard', path(name), '--confirm', name]);
  return json as unknown as Discarded;
}

async function refuse([name = '', ...words]: readonly string[], code: string): Promise<HoldfastOutcome> {
  const outcome = await holdfast.run(['rescue', 'discard', path(name), ...words]);
  expect([outcome.exitCode, outcome.json.error?.code]).toEqual([10, code]);
  return outcome;
}

async function readMark(at: string): Promise<DiscardMark> {
  return JSON.parse(await readFile(join(at, markFile), 'utf8')) as DiscardMark;
}

async function writeMark(at: string, changed: Partial<DiscardMark>): Promise<void> {
  await writeFile(join(at, markFile), JSON.stringify({ ...(await readMark(at)), ...changed }));
}

/** As it would be had it been discarded 15 days earlier. */
async function makeOld(at: string): Promise<string> {
  const atMs = Date.now() - 15 * dayMs;
  await writeMark(at, { discardedAtMs: atMs });
  const { name } = await readMark(at);
  const old = path(discardedName(name, atMs));
  await rename(at, old);
  return old;
}

/** SIGKILL as soon as the step is said to have begun; it may have been quicker. */
async function killAt(words: readonly [string, ...string[]], step: number): Promise<void> {
  const [name, ...rest] = words;
  const command = holdfast.start(['rescue', 'discard', path(name), ...rest]);
  const begun = () => command.output.stdout.split('\n').filter((line) => line.includes('"step-started"')).length;
  await waitFor(`step ${step} begins`, () => Promise.resolve(begun() > step || command.child.exitCode !== null), {
    everyMs: 1,
  });
  command.child.kill('SIGKILL');
  await command.outcome;
}

async function metaTimes(block: string): Promise<readonly string[]> {
  const { minTime } = JSON.parse(await readFile(join(block, 'meta.json'), 'utf8')) as { readonly minTime: number };
  const windowMs = 7_200_000;
  return [new Date(Math.floor(minTime / windowMs) * windowMs).toISOString()];
}
