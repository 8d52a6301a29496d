/**
 * Three Prometheus came and went: one of them left blocks, one a chunk snapshot beside its WAL, one native histograms in its
 * head. `rescue stitch` makes one history of them, which a Prometheus 3 opens; `adopt` takes it in; `up` starts a stack on
 * it, whose Prometheus answers the history of all three; a rebuild loses nothing. A second history is not stitched into the
 * stack's own volume where its retention would delete of it.
 */
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StitchProof } from '../../src/model/stitch-step.ts';
import type { StackFile } from '../../src/model/stack-file.ts';
import { openAsker } from '../harness/ask-components.ts';
import { buildPrometheus3 } from '../harness/build-prometheus3.mjs';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';
import { waitFor } from '../harness/wait-for.ts';
import { openFixture, pushRounds, type Fixture } from '../tsdb/prometheus.ts';
import { hourMs, inventoryOf, makeOrphan, startMs } from './stitch-volumes.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const prometheus2 = join(programs ?? '', 'prometheus');
const prometheus3 = programs === undefined ? null : (await buildPrometheus3()).path;
const isPossible = programs !== undefined && prometheus3 !== null && process.env['HOLDFAST_TEST_SKIP'] === undefined;
const minuteMs = 60_000;

describe.skipIf(!isPossible)('a stitched history in a stack (skipped where there is no Prometheus 2 and 3)', () => {
  let holdfast: Holdfast;
  const fixtures: Fixture[] = [];
  const nowMs = Date.now();
  let [blocks, snapshot, histograms, into] = ['', '', '', ''];
  let before: unknown;
  const sources = () => [blocks, snapshot, histograms];
  const snapshots = async () => Promise.all(sources().map((source) => snapshotTree(source)));

  beforeAll(async () => {
    holdfast = await openHoldfast({ config: { programs: { prometheus: prometheus3 } } });
    blocks = join(holdfast.directory, 'blocks');
    into = join(holdfast.directory, 'history');
    await makeOrphan(join(programs ?? '', 'promtool'), blocks, { from: 0, to: 6 });
    const feature = '--enable-feature=memory-snapshot-on-shutdown';
    const scraping = await openFixture({ program: prometheus2, flags: [feature], scrapesItself: true });
    fixtures.push(scraping);
    await scraping.start();
    await waitFor('samples come in', async () => Promise.resolve(scraping.inventory().totals.samples > 2000));
    await scraping.stop();
    snapshot = scraping.data;
    expect((await readdir(snapshot)).join(' ')).toContain('chunk_snapshot.');
    const pushed = await openFixture({ program: prometheus3 ?? '', flags: ['--web.enable-otlp-receiver'] });
    fixtures.push(pushed);
    await pushed.start();
    await pushRounds(pushed, { fromMs: nowMs - 300 * minuteMs, rounds: 60, everyMs: minuteMs });
    await pushed.stop();
    histograms = pushed.data;
    before = await snapshots();
  });
  afterAll(async () => {
    for (const fixture of fixtures) await fixture.cleanUp();
    await holdfast.cleanUp();
  });

  test('is opened by the Prometheus that the config names, and proven', async () => {
    const words = ['rescue', 'stitch', ...sources(), '--into', into, '--confirm', 'history'];
    const proof = (await holdfast.succeed(words)).json.proof as unknown as StitchProof;
    const counted = sources().map((source) => inventoryOf(source).totals);
    expect(proof).toMatchObject({ lost: 0, added: 0, opened: { program: prometheus3 } });
    expect(proof.holds.samples).toBe(counted.reduce((sum, { samples }) => sum + samples, 0));
    expect(await snapshots()).toEqual(before);
  });

  test('is adopted and started on: Prometheus answers the history of all three', async () => {
    await holdfast.succeed(['adopt', into, '--as', 'prometheus']);
    expect((await holdfast.succeed(['up'])).json.ok).toBe(true);
    const asker = await openAsker(holdfast);
    const count = async (selector: string, atMs: number) =>
      Number(Object.values(await asker.query(`sum(count_over_time(${selector}[6h]))`, atMs))[0]);
    expect(await count('check_value', startMs + 6 * hourMs - 1)).toBe(6 * 9 * 120);
    expect(await count('fixture_histogram', nowMs)).toBe(60);
    expect(await count('fixture_gauge', nowMs)).toBe(3 * 60 - 5);
    // The stack's own jobs have other names.
    const itself = inventoryOf(snapshot).jobs.find(({ job }) => job === 'itself');
    expect(itself?.windows.length).toBeGreaterThan(0);
    const heads = await count('{job="itself",__name__="prometheus_tsdb_head_series"}', Date.now());
    expect(heads).toBeGreaterThan(1);
    // On a busy machine a scrape may fail: then `up` is 0, and nothing else is written.
    const good = await asker.query('sum(sum_over_time(up{job="itself"}[6h]))', Date.now());
    expect(heads).toBe(Number(Object.values(good)[0]));
  });

  test('a rebuild loses nothing of it', async () => {
    const { proof } = (await holdfast.succeed(['rebuild', '--confirm', 'monitoring'])).json;
    expect(proof).toMatchObject({ lost: { samples: 0, windows: [] }, expired: { samples: 0 } });
    expect(proof?.kept.samples).toBeGreaterThan(6 * 9 * 120);
    expect(await snapshots()).toEqual(before);
  });

  test("into a stack's own volume it is refused where that stack's retention would delete of it", async () => {
    await holdfast.succeed(['down']);
    const own = holdfast.path('volumes', 'prometheus', 'prometheus-db');
    await rename(own, join(holdfast.directory, 'moved-away'));
    const file = holdfast.path('stack.json');
    const stack = JSON.parse(await readFile(file, 'utf8')) as StackFile;
    await writeFile(file, JSON.stringify({ ...stack, retention: { ...stack.retention, sizeBytes: 1000 } }));
    const words = ['rescue', 'stitch', ...sources(), '--into', own];
    const { exitCode, json } = await holdfast.run([...words, '--plan']);
    expect([exitCode, json.error?.code]).toEqual([10, 'retention-would-delete']);
    expect(json.error?.message).toContain('The Prometheus of stack monitoring');
    expect(json.error?.message).toContain('1000 B');
    const { plan } = (await holdfast.succeed([...words, '--plan', '--unsafe-let-retention-delete'])).json;
    expect(plan?.findings.map(({ rule }) => rule)).toContain('retention-deletes');
    await mkdir(own);
    const elsewhere = await holdfast.succeed(['rescue', 'stitch', ...sources(), '--into', into + '-2', '--plan']);
    expect(elsewhere.json.plan?.findings.map(({ rule }) => rule)).not.toContain('retention-deletes');
  });
});
