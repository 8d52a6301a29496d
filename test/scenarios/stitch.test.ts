/**
 * Three clusters came and went, each with a new volume: what is left are orphans on a share. `holdfast rescue stitch` makes
 * one history out of them: blocks, and heads that nobody had cut; what two of them hold is there once; where they are at
 * odds it refuses until it is told who wins. A real Prometheus of each age opens the result and answers as those on the
 * sources do; no source has changed; and a command that was killed at any step is finished by the same command.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StitchProof } from '../../src/model/stitch-step.ts';
import { buildPrometheus3 } from '../harness/build-prometheus3.mjs';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';
import { waitFor } from '../harness/wait-for.ts';
import { openFixture } from '../tsdb/prometheus.ts';
import {
  answersOf,
  hourMs,
  inventoryOf,
  keptBy,
  makeHead,
  makeOrphan,
  openOn,
  opensIn,
  startMs,
} from './stitch-volumes.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const prometheus2 = join(programs ?? '', 'prometheus');
const promtool = join(programs ?? '', 'promtool');

let directory = '';
let holdfast: Holdfast;
let prometheus3: string | null = null;
/** Hours 0 to 6, 8 to 12, 11 to 16: a gap, and an hour that two of them have. */
let [first, second, third] = ['', '', ''];
/** Hours 10 to 14, with other values of one series. */
let rival = '';

beforeAll(async () => {
  if (programs === undefined) return;
  directory = await mkdtemp(join(tmpdir(), 'holdfast-stitch-'));
  holdfast = await openHoldfast();
  prometheus3 = (await buildPrometheus3()).path;
  [first, second, third, rival] = ['first', 'second', 'third', 'rival'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
    string,
  ];
  await makeOrphan(promtool, first, { from: 0, to: 6 });
  await makeOrphan(promtool, second, { from: 8, to: 12 });
  await makeOrphan(promtool, third, { from: 11, to: 16 });
  await makeOrphan(promtool, rival, { from: 10, to: 14, off: 5 });
});
afterAll(async () => {
  if (programs === undefined) return;
  await holdfast.cleanUp();
  await rm(directory, { recursive: true, force: true });
});

let places = 0;

/** A place of its own for each test, with the name `result`. */
async function newPlace(): Promise<string> {
  places += 1;
  await mkdir(join(directory, `place-${places}`));
  return join(directory, `place-${places}`, 'result');
}

async function stitch(sources: readonly string[], into: string, more: readonly string[] = []): Promise<StitchProof> {
  const words = ['rescue', 'stitch', ...sources, '--into', into, '--confirm', 'result', ...more];
  return (await holdfast.succeed(words)).json.proof as unknown as StitchProof;
}

async function refused(sources: readonly string[], into: string, more: readonly string[] = []) {
  const words = ['rescue', 'stitch', ...sources, '--into', into, '--confirm', 'result', ...more];
  const { exitCode, json } = await holdfast.run(words);
  return { exitCode, code: json.error?.code, message: json.error?.message ?? '', remedy: json.error?.remedy ?? '' };
}

const windows = Array.from({ length: 8 }, (_, number) => startMs + number * 2 * hourMs);

describe.skipIf(programs === undefined)('stitch (skipped where there is no Prometheus)', () => {
  test('three orphans and a copy of one become one history, which both Prometheus open; the sources stay', async () => {
    const volume = join(directory, 'pvc-1');
    await cp(first, join(volume, 'prometheus-db'), { recursive: true });
    const sources = [first, second, third, volume];
    const before = await Promise.all(sources.map((source) => snapshotTree(source)));
    const into = await newPlace();
    const planned = (await holdfast.succeed(['rescue', 'stitch', ...sources, '--into', into, '--plan'])).json.plan;
    expect(planned?.findings.map(({ rule }) => rule)).toEqual(['source', 'source', 'source', 'source', 'taken-once']);
    expect(await readdir(join(into, '..'))).toEqual([]);
    const proof = await stitch(sources, into);
    expect(proof).toMatchObject({ lost: 0, added: 0, wins: null, holds: { series: 9, samples: 9 * 120 * 14 } });
    expect(proof.opened).toMatchObject({ version: expect.stringMatching(/^\d+\./) as string, windows: 7 });
    expect(keptBy(proof)).toEqual([6, 4, 5, 6].map((hours) => hours * 9 * 120));
    expect(await Promise.all(sources.map((source) => snapshotTree(source)))).toEqual(before);
    expect(inventoryOf(into).totals).toMatchObject(proof.holds);
    await answersAsSources(into, [first, second, third]);
    expect((await holdfast.succeed(['check', into])).json).toMatchObject({ ok: true });
    expect(await stitch(sources, into)).toEqual(proof);
    expect((await refused([first, second], into)).code).toBe('not-stitchable');
    await adopts(into);
  });

  test('a head becomes blocks, with what came out of order', async () => {
    const head = await makeHead(prometheus3 ?? prometheus2);
    try {
      const before = await snapshotTree(head);
      const { totals, windows: counted } = inventoryOf(head);
      const into = await newPlace();
      const proof = await stitch([first, head], into);
      expect(await snapshotTree(head)).toEqual(before);
      expect(totals.outOfOrderSamples).toBeGreaterThan(0);
      expect(keptBy(proof)[1]).toBe(totals.samples + totals.staleMarkers);
      const result = inventoryOf(into).windows;
      for (const window of counted) expect(result).toContainEqual(window);
      expect((await readdir(into)).every((name) => /^[0-9A-Z]{26}$/.test(name))).toBe(true);
      const ends = counted.map(({ fromMs }) => fromMs);
      for (const program of [prometheus2, prometheus3 ?? prometheus2]) {
        const [one, other] = [await openOn(prometheus3 ?? prometheus2, head), await opensIn(program, into)];
        try {
          for (const name of ['late_value', 'steady_value']) {
            const answers = await answersOf(other, name, ends);
            expect(answers).toEqual(await answersOf(one, name, ends));
            expect(JSON.stringify(answers)).toContain('.');
          }
        } finally {
          await one.cleanUp();
          await other.cleanUp();
        }
      }
    } finally {
      await rm(head, { recursive: true });
    }
  });

  test('two that are at odds are refused by name, until one wins', async () => {
    const into = await newPlace();
    const { exitCode, code, message } = await refused([second, rival], into);
    expect([exitCode, code]).toEqual([10, 'conflicting-samples']);
    expect(message).toContain('check_value{job="job0",series="3"}');
    expect(message).toContain(second);
    expect(message).toContain(rival);
    expect(await readdir(join(into, '..'))).toEqual([]);
    expect((await refused([first, second, rival], into, ['--wins', first])).code).toBe('conflicting-samples');
    for (const [winner, loser] of [
      [second, rival],
      [rival, second],
    ] as const) {
      const place = await newPlace();
      const proof = await stitch([second, rival], place, ['--wins', winner]);
      expect(proof.sources.find((source) => source.directory === loser)?.dropped).toBe(240);
      expect(proof.sources.find((source) => source.directory === winner)?.dropped).toBe(0);
      const contested = `check_value{series="3"}`;
      const [one, other] = [await openOn(prometheus2, winner), await opensIn(prometheus2, place)];
      try {
        const hours = [startMs + 10 * hourMs];
        expect(await answersOf(other, contested, hours)).toEqual(await answersOf(one, contested, hours));
      } finally {
        await one.cleanUp();
        await other.cleanUp();
      }
    }
  });

  test('a block that another source has compacted is no reason to lose it, and a second name is no copy', async () => {
    const compacted = join(directory, 'compacted');
    await cp(first, compacted, { recursive: true });
    const [own = ''] = await readdir(compacted);
    const [parent = ''] = await readdir(rival);
    const meta = join(compacted, own, 'meta.json');
    const parsed = JSON.parse(await readFile(meta, 'utf8')) as { readonly compaction: object };
    const parents = [{ ulid: parent, minTime: 0, maxTime: 1 }];
    await writeFile(meta, JSON.stringify({ ...parsed, compaction: { ...parsed.compaction, parents } }));
    const sources = [compacted, second, rival];
    const before = await Promise.all(sources.map((source) => snapshotTree(source)));
    const into = await newPlace();
    const proof = await stitch(sources, into, ['--wins', second, '--hard-links']);
    expect(keptBy(proof)).toEqual([6 * 9 * 120, 4 * 9 * 120, 4 * 9 * 120 - 240]);
    expect(await Promise.all(sources.map((source) => snapshotTree(source)))).toEqual(before);
    const inodes = [rival, into].map(async (place) => (await stat(join(place, parent, 'index'))).ino);
    expect((await Promise.all(inodes)).every((ino, _, [one]) => ino === one)).toBe(true);
    const fixture = await opensIn(prometheus2, into);
    try {
      // Of the rival alone: hours 12 and 13.
      expect(await answersOf(fixture, 'check_value', [startMs + 12 * hourMs])).toContainEqual([
        startMs + 12 * hourMs,
        (9 * 240).toPrecision(9),
      ]);
      expect(fixture.inventory().totals.samples).toBe(proof.holds.samples);
    } finally {
      await fixture.cleanUp();
    }
  });

  test('killed at a step of each kind, the same command finishes it with the same result', async () => {
    const head = await makeHead(prometheus2);
    const sources = [second, rival, head];
    const before = await Promise.all(sources.map((source) => snapshotTree(source)));
    const expected = await newPlace();
    const words = ['--wins', second];
    const proof = await stitch(sources, expected, words);
    const all = ['rescue', 'stitch', ...sources, '--into', await newPlace(), ...words, '--plan'];
    const steps = (await holdfast.succeed(all)).json.plan?.steps ?? [];
    // Each kind once: those of one kind differ in nothing.
    const kinds = steps.map(({ kind }) => kind);
    const points = [...kinds.keys()].filter((at) => kinds.indexOf(kinds[at] ?? '') === at);
    expect(points).toHaveLength(8);
    let killed = 0;
    for (const step of points) {
      const into = await newPlace();
      if (await killAt(sources, into, step)) killed += 1;
      const again = await stitch(sources, into, words);
      expect({ ...again, ...placeless }).toEqual({ ...proof, ...placeless });
      expect(inventoryOf(into).windows).toEqual(inventoryOf(expected).windows);
      expect(await readdir(into)).toHaveLength((await readdir(expected)).length);
    }
    expect(killed).toBeGreaterThan(4);
    expect(await Promise.all(sources.map((source) => snapshotTree(source)))).toEqual(before);
    await rm(head, { recursive: true });
  });
});

describe.skipIf(programs === undefined)('stitch refuses (skipped where there is no Prometheus)', () => {
  test('a place that is taken, in a source or around one, and a source that is named twice', async () => {
    const into = await newPlace();
    const cases = [
      { sources: [first, second], place: join(first, 'result') },
      { sources: [first, second], place: directory },
      { sources: [first, join(first, '..', 'first')], place: into },
      { sources: [first, second], place: join(directory, 'missing', 'result') },
    ];
    for (const { sources, place } of cases) {
      const { exitCode, code } = await refused(sources, place);
      expect([place, exitCode, code]).toEqual([place, 10, 'not-stitchable']);
    }
    await mkdir(into);
    await writeFile(join(into, 'something'), '');
    expect((await refused([first, second], into)).message).toContain('something');
    await rm(join(into, 'something'));
    expect((await stitch([first, second], into)).lost).toBe(0);
  });

  test('a source that is written to, one that is damaged, and one name with two contents', async () => {
    const into = await newPlace();
    const fixture = await openFixture({
      program: prometheus2,
      scrapesItself: true,
    });
    try {
      await fixture.start();
      await waitFor('it has something', async () => Promise.resolve(fixture.inventory().totals.samples > 10));
      expect(await refused([first, fixture.data], into)).toMatchObject({ exitCode: 11, code: 'volume-locked' });
    } finally {
      await fixture.cleanUp();
    }
    const damaged = join(directory, 'damaged');
    await cp(first, damaged, { recursive: true });
    const [block = ''] = await readdir(damaged);
    await flip(join(damaged, block, 'chunks', '000001'), 100);
    const damage = await refused([damaged, second], into);
    expect(damage).toMatchObject({ exitCode: 12, code: 'damaged-tsdb' });
    expect(damage.remedy).toContain('holdfast repair');
    const other = join(directory, 'other');
    await cp(third, other, { recursive: true });
    const [one = ''] = await readdir(first);
    const [theirs = ''] = await readdir(other);
    const meta = join(other, theirs, 'meta.json');
    await writeFile(meta, (await readFile(meta, 'utf8')).replaceAll(theirs, one));
    await rename(join(other, theirs), join(other, one));
    const twins = await refused([first, other], into);
    expect(twins).toMatchObject({ exitCode: 10, code: 'not-stitchable' });
    expect(twins.message).toContain(one);
    expect(await readdir(join(into, '..'))).toEqual([]);
  });

  test('a retention that would delete some of it, unless that is wanted', async () => {
    const into = await newPlace();
    const short = await refused([first, second], into, ['--retention', '4d']);
    expect(short).toMatchObject({ exitCode: 10, code: 'retention-would-delete' });
    const plan = ['rescue', 'stitch', first, second, '--into', into, '--plan'];
    const wanted = await holdfast.succeed([...plan, '--retention', '4d', '--unsafe-let-retention-delete']);
    expect(wanted.json.plan?.findings.map(({ rule }) => rule)).toContain('retention-deletes');
    const long = await holdfast.succeed([...plan, '--retention', '90d']);
    expect(long.json.plan?.findings.map(({ rule }) => rule)).not.toContain('retention-deletes');
  });

  test('the unfinished work of other sources', async () => {
    const into = await newPlace();
    expect(await killAt([first, second], into, 4)).toBe(true);
    const other = await refused([first, third], into);
    expect(other).toMatchObject({ exitCode: 10, code: 'not-stitchable' });
    expect(other.remedy).toContain(`holdfast rescue stitch ${first} ${second} --into ${into}`);
    await writeFile(join(into, 'something'), '');
    expect((await refused([first, second], into)).message).toContain('something');
    await rm(join(into, 'something'));
    expect((await stitch([first, second], into)).lost).toBe(0);
  });
});

const placeless = { run: '', into: '', provedAtMs: 0 };

/** What a Prometheus answers for each two hours is what one on all sources together would. */
async function answersAsSources(into: string, sources: readonly string[]): Promise<void> {
  const merged = await mkdtemp(join(tmpdir(), 'holdfast-merged-'));
  for (const source of sources) await cp(source, merged, { recursive: true });
  for (const program of [prometheus2, prometheus3 ?? prometheus2]) {
    const [one, other] = [await openOn(program, merged), await opensIn(program, into)];
    try {
      const expected = await answersOf(one, 'check_value', windows);
      expect(await answersOf(other, 'check_value', windows)).toEqual(expected);
      expect(JSON.stringify(expected)).toContain((9 * 240).toPrecision(9));
    } finally {
      await one.cleanUp();
      await other.cleanUp();
    }
  }
  await rm(merged, { recursive: true });
}

async function adopts(into: string): Promise<void> {
  await holdfast.succeed(['adopt', into, '--as', 'prometheus']);
  const volume = holdfast.path('volumes', 'prometheus');
  expect((await holdfast.succeed(['inventory', volume])).json).toMatchObject({
    windows: inventoryOf(into).windows,
  });
}

/** SIGKILL as soon as the step is said to have begun; false where the command was quicker. */
async function killAt(sources: readonly string[], into: string, step: number): Promise<boolean> {
  const wins = sources.includes(rival) ? ['--wins', second] : [];
  const command = holdfast.start(['rescue', 'stitch', ...sources, '--into', into, '--confirm', 'result', ...wins]);
  await waitFor(
    `step ${step} begins`,
    () => Promise.resolve(begun(command.output.stdout) > step || command.child.exitCode !== null),
    { everyMs: 1 },
  );
  command.child.kill('SIGKILL');
  return (await command.outcome).signal === 'SIGKILL';
}

function begun(stdout: string): number {
  return stdout.split('\n').filter((line) => line.includes('"step-started"')).length;
}

async function flip(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[offset] = (bytes[offset] ?? 0) ^ 0x55;
  await writeFile(path, bytes);
}
