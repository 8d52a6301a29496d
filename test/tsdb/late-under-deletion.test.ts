/**
 * Samples that come out of order at times that were deleted in the head. The deletion is not for them: Prometheus 2 answers
 * them, Prometheus 3 hides them until it has cut a block of them, and then both answer them. An inventory counts them all
 * along, and blocks that are made of the head hold them.
 */
import { randomBytes } from 'node:crypto';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { newUlid } from '../../src/tsdb/write/new-ulid.ts';
import { writeHeadBlocks } from '../../src/tsdb/write/write-head-blocks.ts';
import { waitFor } from '../harness/wait-for.ts';
import { openFixture, type Fixture } from './prometheus.ts';
import { remoteWrite } from './remote-write.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const minuteMs = 60_000;
const baseMs = (Math.floor(Date.now() / minuteMs) - 600) * minuteMs;
const timeOf = (minute: number) => baseMs + minute * minuteMs;
const minutes = (from: number, to: number, step = 1) =>
  Array.from({ length: (to - from) / step }, (_, index) => from + index * step);

const inOrder = minutes(0, 150);
const later = minutes(150, 240);
/** One of them at the very time of a sample that was deleted. */
const late = [...minutes(30.5, 45.5), 50];
const hidden = late;
const isDeleted = (minute: number) => minute >= 30 && minute <= 50;
const held = [...inOrder.filter((minute) => !isDeleted(minute)), ...late];

const write = (fixture: Fixture, times: readonly number[], value: number) =>
  remoteWrite(fixture, [
    { labels: { __name__: 'told' }, samples: times.map((minute) => ({ timeMs: timeOf(minute), value })) },
  ]);

async function answers(fixture: Fixture): Promise<readonly (readonly [minute: number, value: string])[]> {
  const range = new URLSearchParams({ query: 'told[10h]', time: String(timeOf(300) / 1000) });
  const { body } = await fixture.ask(`/api/v1/query?${range.toString()}`);
  const { data } = JSON.parse(body) as { readonly data: { readonly result: { values: [number, string][] }[] } };
  return (data.result[0]?.values ?? []).map(([at, value]) => [(Math.round(at * 1000) - baseMs) / minuteMs, value]);
}

/** What was late has the value 2. */
const expected = (times: readonly number[]) =>
  [...times].sort((one, next) => one - next).map((minute) => [minute, late.includes(minute) ? '2' : '1']);

describe.each([
  ['2', programs === undefined ? undefined : join(programs, 'prometheus'), true],
  ['3', process.env['HOLDFAST_TEST_PROMETHEUS3'], false],
])('by a Prometheus %s (skipped where there is none)', (_, program = '', answersHidden) => {
  describe.skipIf(program === '')('late samples at deleted times', () => {
    let fixture: Fixture;
    const open = () =>
      openFixture({
        program,
        flags: ['--web.enable-remote-write-receiver'],
        config: { storage: { tsdb: { out_of_order_time_window: '1d' } } },
      });
    beforeEach(async () => {
      fixture = await open();
      await fixture.start();
      await write(fixture, inOrder, 1);
      const range = new URLSearchParams({
        'match[]': 'told',
        start: String(timeOf(30) / 1000),
        end: String(timeOf(50) / 1000),
      });
      const { status } = await fixture.ask(`/api/v1/admin/tsdb/delete_series?${range.toString()}`, { method: 'POST' });
      expect(status).toBe(204);
      await write(fixture, late, 2);
    });
    afterEach(async () => fixture.cleanUp());

    test('are counted, answered by 2 at once and by both from their block', async () => {
      const visible = answersHidden ? held : held.filter((minute) => !hidden.includes(minute));
      for (const start of ['first', 'second']) {
        expect([start, await answers(fixture)]).toEqual([start, expected(visible)]);
        expect(fixture.inventory()).toMatchObject({
          totals: { samples: held.length },
          findings: [{ rule: 'late-under-deletion', severity: 'info', file: 'wbl' }],
        });
        expect(fixture.inventory().findings[0]?.message).toContain(`holds ${hidden.length} samples`);
        await fixture.stop(start === 'first' ? 'SIGTERM' : 'SIGKILL');
        await fixture.start();
      }
      const before = fixture.inventory().windows;
      await write(fixture, later, 1);
      await waitFor('they are in a block', async () => {
        const { findings } = fixture.inventory();
        return findings.length === 0;
      });
      const all = [...held, ...later];
      await waitFor('Prometheus answers its blocks', async () => {
        const answered = await answers(fixture);
        return answered.length === all.length;
      });
      expect(await answers(fixture)).toEqual(expected(all));
      const after = fixture.inventory();
      expect(after.totals.samples).toBe(all.length);
      const [first] = before;
      expect(after.windows.find(({ fromMs }) => fromMs === first?.fromMs)).toMatchObject({
        samples: first?.samples,
        digest: first?.digest,
      });
    });

    test('are in the blocks that are made of the head', async () => {
      await fixture.stop();
      const into = join(fixture.directory, 'blocks');
      await mkdir(into);
      const order = { files: quietFiles(fixture.data), coveredToMs: null, into, onRead: () => undefined };
      writeHeadBlocks({ ...order, newUlid: (atMs) => newUlid(atMs, randomBytes(10)) });
      const counted = takeInventory({ files: quietFiles(into), settledMs: null, onRead: () => undefined });
      expect(counted.windows).toMatchObject(
        fixture.inventory().windows.map(({ fromMs, samples, digest }) => ({ fromMs, samples, digest })),
      );
      const other = await open();
      try {
        await cp(into, other.data, { recursive: true });
        await other.start();
        expect(await answers(other)).toEqual(expected(held));
      } finally {
        await other.cleanUp();
      }
    });
  });
});
