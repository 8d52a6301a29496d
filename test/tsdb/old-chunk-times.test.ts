/**
 * Up to 2.20 or so, Prometheus left the times of a chunk in the index as they were where it had deleted its beginning or, up
 * to 2.5, its end. Nothing is wrong with such a block: every Prometheus answers it, and so it is whole and counted here. A
 * chunk that begins out of the times that the index says is another one.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { BlockWriter } from '../../src/tsdb/write/block-writer.ts';
import { newUlid } from '../../src/tsdb/write/new-ulid.ts';
import { XorEncoder } from '../../src/tsdb/write/xor-encoder.ts';
import { checkDirectory, said } from './check-directory.ts';
import { openFixture } from './prometheus.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const hourMs = 3_600_000;
const fromMs = Math.floor((Date.now() - 48 * hourMs) / (2 * hourMs)) * 2 * hourMs;
const firstMs = fromMs + hourMs;
const samples = 100;
const lastMs = firstMs + (samples - 1) * 15_000;

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-old-times-'));
});
afterEach(async () => rm(directory, { recursive: true, force: true }));

/** A block of one chunk, of which the index says these times. */
function write(minTime: number, maxTime: number): void {
  const encoder = new XorEncoder();
  for (let at = 0; at < samples; at += 1) encoder.add(firstMs + at * 15_000, 0x3ff00000, at);
  const writer = new BlockWriter({ directory, ulid: newUlid(Date.now(), randomBytes(10)) });
  const labels = ['__name__', 'old', 'job', 'a'].map((text) => Buffer.from(text));
  writer.addSeries({ labels, chunks: [{ minTime, maxTime, encoding: 1, data: encoder.finish() }] });
  writer.complete({ minTime: fromMs, maxTime: fromMs + 2 * hourMs, level: 1, sources: [], hints: [] });
  writer.publish();
}

const count = () => takeInventory({ files: quietFiles(directory), settledMs: null, onRead: () => undefined });

describe.each([
  ['2', programs === undefined ? undefined : join(programs, 'prometheus')],
  ['3', process.env['HOLDFAST_TEST_PROMETHEUS3']],
])('by a Prometheus %s (skipped where there is none)', (_, program = '') => {
  test.skipIf(program === '').each([
    ['begins', firstMs - 600_000, lastMs],
    ['begins and ends', firstMs - 600_000, lastMs + 60_000],
  ])('a chunk that %s within the times of the index is answered, counted and whole', async (__, minTime, maxTime) => {
    write(minTime, maxTime);
    const fixture = await openFixture({ program });
    try {
      await cp(directory, fixture.data, { recursive: true });
      await fixture.start();
      const time = (fromMs + 2 * hourMs) / 1000;
      const { body } = await fixture.ask(`/api/v1/query?query=count_over_time(old%5B2h%5D)&time=${time}`);
      expect(body).toContain(`"${samples}"]`);
    } finally {
      await fixture.cleanUp();
    }
    expect(count()).toMatchObject({ totals: { samples }, findings: [] });
    expect(said(checkDirectory(directory)).filter((one) => !one.startsWith('info'))).toEqual([]);
  });
});

test.each([
  ['before', firstMs + 1, lastMs],
  ['behind', firstMs - 600_000, firstMs - 1],
])('one that begins %s them is another one', (_, minTime, maxTime) => {
  write(minTime, maxTime);
  expect(count().totals.samples).toBe(0);
  expect(count().findings).toMatchObject([{ rule: 'bad-structure', severity: 'error' }]);
  expect(said(checkDirectory(directory)).filter((one) => one.startsWith('error'))).toHaveLength(1);
});
