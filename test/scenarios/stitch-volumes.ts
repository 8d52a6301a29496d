import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { StitchProof } from '../../src/model/stitch-step.ts';
import type { TsdbInventory } from '../../src/model/tsdb-inventory.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { waitFor } from '../harness/wait-for.ts';
import { makeBlocksByPromtool } from '../tsdb/make-blocks-by-promtool.ts';
import { openFixture, type Fixture } from '../tsdb/prometheus.ts';

export const hourMs = 3_600_000;
/** Ten days ago: under the default retention nothing of it is deleted. */
export const startMs = Math.floor((Date.now() - 10 * 24 * hourMs) / (2 * hourMs)) * 2 * hourMs;

export interface OrphanHours {
  readonly from: number;
  readonly to: number;
  /** Added to the values of series 3. */
  readonly off?: number;
}

/** A volume with blocks of nine series, whose values are those of any other one at the same time, but for `off`. */
export async function makeOrphan(promtool: string, into: string, { from, to, off = 0 }: OrphanHours): Promise<void> {
  await makeBlocksByPromtool(promtool, {
    into,
    startMs: startMs + from * hourMs,
    hours: to - from,
    everyMs: 30_000,
    series: 9,
    valueOf: (series, at) => Math.sin(from * 120 + at + series) + (series === 3 ? off : 0),
  });
}

export function inventoryOf(data: string): TsdbInventory {
  return takeInventory({ files: quietFiles(data), settledMs: null, onRead: () => undefined });
}

export const keptBy = ({ sources }: StitchProof): readonly number[] => sources.map(({ kept }) => kept);

/** A real Prometheus on a copy, so that what it does is not done to the directory. */
export async function openOn(program: string, data: string): Promise<Fixture> {
  const fixture = await openFixture({ program });
  await rm(fixture.data, { recursive: true });
  await cp(data, fixture.data, { recursive: true });
  await fixture.start();
  return fixture;
}

/** What a Prometheus answers for each two hours: how many samples, and the sum of all values. */
export async function answersOf(fixture: Fixture, selector: string, windows: readonly number[]): Promise<unknown> {
  const answers: unknown[] = [];
  for (const fromMs of windows) {
    // Open at its beginning in Prometheus 3; in 2 it takes one millisecond more, in which no sample is.
    const range = `${selector}[${2 * hourMs}ms]`;
    for (const query of [`sum(count_over_time(${range}))`, `sum(sum_over_time(${range}))`]) {
      const words = new URLSearchParams({ query, time: String((fromMs + 2 * hourMs - 1) / 1000) });
      const { status, body } = await fixture.ask(`/api/v1/query?${words.toString()}`);
      expect(status).toBe(200);
      const { data } = JSON.parse(body) as { data: { result: readonly { value: readonly [number, string] }[] } };
      // Floats are added up in another order where they come from other blocks.
      answers.push([fromMs, ...data.result.map(({ value }) => Number(value[1]).toPrecision(9))]);
    }
  }
  return answers;
}

/** Both Prometheus open it, mend nothing, and hold what we count of it. */
export async function opensIn(program: string, data: string): Promise<Fixture> {
  const fixture = await openOn(program, data);
  const log = await readFile(join(fixture.directory, 'prometheus.log'), 'utf8');
  expect(log).not.toMatch(/level=error|corruption|attempting repair/i);
  return fixture;
}

/**
 * The data directory of a Prometheus that was killed: a head of what it scraped, with a series that goes backwards in time,
 * so that samples came out of order.
 */
export async function makeHead(program: string): Promise<string> {
  let count = 0;
  const nowMs = Date.now();
  const server = createServer((_, response) => {
    count += 1;
    const late = Array.from({ length: 5 }, (__, at) => {
      const atMs = nowMs - 60_000 * (5 * count + at + (count % 2 === 0 ? 600 : 0));
      return `late_value{at="${at}"} ${count + at} ${atMs}`;
    });
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(`# TYPE late_value gauge\n${late.join('\n')}\nsteady_value ${count}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const target = { job_name: 'late', scrape_interval: '250ms', static_configs: [{ targets: [`127.0.0.1:${port}`] }] };
  const fixture = await openFixture({
    program,
    config: { scrape_configs: [target], storage: { tsdb: { out_of_order_time_window: '7d' } } },
  });
  try {
    await fixture.start();
    const isEnough = async (): Promise<boolean> => {
      const { outOfOrderSamples, samples } = fixture.inventory().totals;
      return Promise.resolve(outOfOrderSamples > 50 && samples > 300);
    };
    await waitFor('late samples come in', isEnough, { timeoutMs: 120_000 });
    await fixture.stop('SIGKILL');
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-head-'));
    await cp(fixture.data, directory, { recursive: true });
    return directory;
  } finally {
    server.close();
    await fixture.cleanUp();
  }
}
