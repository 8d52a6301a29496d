import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { TsdbInventory } from '../../src/model/tsdb-inventory.ts';
import { isBlockName } from '../../src/tsdb/block-name.ts';
import { holdFiles } from '../../src/tsdb/files/held-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { ask } from '../harness/ask-components.ts';
import { endProcessesOf, sendSignal, waitUntilGone } from '../harness/end-processes.ts';
import { findFreePorts } from '../harness/free-ports.ts';
import { waitFor } from '../harness/wait-for.ts';

/** A Prometheus without targets, that holds what a test gives it and nothing else. */
export interface Fixture {
  readonly directory: string;
  readonly data: string;
  readonly port: number;
  start(): Promise<void>;
  /** True once it is ready, false where it ends instead. */
  startOrEnd(): Promise<boolean>;
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** The status and the body. */
  ask(
    path: string,
    options?: { readonly method?: string; readonly body?: string },
  ): Promise<{ status: number; body: string }>;
  /** What our reader counts, whether it runs or not. */
  inventory(): TsdbInventory;
  cleanUp(): Promise<void>;
}

export interface FixtureOptions {
  readonly program: string;
  readonly flags?: readonly string[];
  /** Scrapes itself four times a second. */
  readonly scrapesItself?: boolean;
  /** Laid over a configuration that scrapes nothing. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export async function openFixture({
  program,
  flags = [],
  scrapesItself = false,
  config = {},
}: FixtureOptions): Promise<Fixture> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-tsdb-'));
  const data = join(directory, 'data');
  const [port = 0] = await findFreePorts(1);
  const configFile = join(directory, 'prometheus.yml');
  await mkdir(data, { recursive: true });
  const itself = { job_name: 'itself', scrape_interval: '250ms', static_configs: [{ targets: [`127.0.0.1:${port}`] }] };
  const base = {
    global: { scrape_interval: '1h', evaluation_interval: '1h' },
    ...(scrapesItself ? { scrape_configs: [itself] } : {}),
  };
  await writeFile(configFile, stringify({ ...base, ...config }));
  let pid: number | undefined;
  const words = [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--storage.tsdb.retention.time=10y',
    '--web.enable-admin-api',
    ...flags,
  ];
  const log = join(directory, 'prometheus.log');
  return {
    directory,
    data,
    port,
    start: async () => {
      const output = openSync(log, 'a');
      pid = spawn(program, words, { stdio: ['ignore', output, output] }).pid;
      await waitFor('Prometheus is ready', async () => (await ask(port, '/-/ready')).status === 200).catch(
        async (error: unknown) => {
          throw new Error(await readFile(log, 'utf8'), { cause: error });
        },
      );
    },
    startOrEnd: async () => {
      const output = openSync(log, 'a');
      const child = spawn(program, words, { stdio: ['ignore', output, output] });
      pid = child.pid;
      const isReady = async () => (await ask(port, '/-/ready').catch(() => ({ status: 0 }))).status === 200;
      await waitFor('Prometheus is ready or has ended', async () => child.exitCode !== null || (await isReady()));
      const ended = child.exitCode !== null;
      if (ended) pid = undefined;
      return !ended;
    },
    stop: async (signal = 'SIGTERM') => {
      if (pid === undefined) return;
      sendSignal(pid, signal);
      await waitUntilGone(pid);
      pid = undefined;
    },
    ask: async (path, options) =>
      ask(port, path, options).catch(async (error: unknown) => {
        throw new Error(`${path}: ${String(error)}\n${await readFile(log, 'utf8')}`, { cause: error });
      }),
    inventory: () => {
      const files = holdFiles(data);
      try {
        return takeInventory({ files, settledMs: null, onRead: () => undefined });
      } finally {
        files.close();
      }
    },
    cleanUp: async () => {
      await endProcessesOf(directory);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * How many blocks a Prometheus has cut from its head: as soon as there are three it may put them together, which depends on
 * the time of day, but each block remembers those that it was made of.
 */
export async function countCutBlocks(data: string): Promise<number> {
  const names = (await readdir(data)).filter(isBlockName);
  const sources = names.map(async (name) => {
    const text = await readFile(join(data, name, 'meta.json'), 'utf8').catch(() => '{}');
    return (
      (JSON.parse(text) as { readonly compaction?: { readonly sources: readonly string[] } }).compaction?.sources ?? []
    );
  });
  return new Set((await Promise.all(sources)).flat()).size;
}

export interface Push {
  /** Of the first round. */
  readonly fromMs: number;
  readonly rounds: number;
  readonly everyMs: number;
}

/**
 * Rounds of three gauges (every eleventh time a stale marker in the place of one) and one native histogram, through the
 * OTLP receiver. Returns how many samples and stale markers that were.
 */
export async function pushRounds(
  fixture: Fixture,
  { fromMs, rounds, everyMs }: Push,
): Promise<{ samples: number; staleMarkers: number }> {
  const all = Array.from({ length: rounds }, (_, round) => ({
    round,
    timeUnixNano: `${fromMs + round * everyMs}000000`,
  }));
  for (let at = 0; at < rounds; at += roundsInOne) await pushSome(fixture, all.slice(at, at + roundsInOne));
  const staleMarkers = all.filter(({ round }) => isStale(round)).length;
  return { samples: 4 * rounds - staleMarkers, staleMarkers };
}

interface Round {
  readonly round: number;
  readonly timeUnixNano: string;
}

const roundsInOne = 30;

async function pushSome(fixture: Fixture, rounds: readonly Round[]): Promise<void> {
  const resource = { attributes: attributesOf({ 'service.name': 'fixture', 'service.instance.id': 'a' }) };
  const metrics = [
    { name: 'fixture_gauge', gauge: { dataPoints: rounds.flatMap(gauges) } },
    {
      name: 'fixture_histogram',
      exponentialHistogram: { aggregationTemporality: 2, dataPoints: rounds.map(histogram) },
    },
  ];
  const body = JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] });
  const { status, body: answer } = await fixture.ask('/api/v1/otlp/v1/metrics', { method: 'POST', body });
  if (status !== 200) throw new Error(`${status} ${answer}`);
}

function isStale(round: number): boolean {
  return round % 11 === 10;
}

function gauges({ round, timeUnixNano }: Round): readonly object[] {
  return [5, round / 3, Math.sin(round) * 1e9].map((asDouble, index) => ({
    timeUnixNano,
    asDouble,
    attributes: attributesOf({ k: String(index), quoted: 'v"\\é' }),
    // The flag "no recorded value" is written as a stale marker.
    ...(isStale(round) && index === 1 ? { flags: 1 } : {}),
  }));
}

/** Its buckets move and empty ones come and go, so that chunks are cut and laid out anew. */
function histogram({ round, timeUnixNano }: Round): object {
  return {
    timeUnixNano,
    startTimeUnixNano: `${timeUnixNano.slice(0, 4)}000000000000000`,
    count: String(10 + 3 * round),
    sum: 12.5 * round,
    scale: 2,
    zeroCount: String(round),
    positive: { offset: round % 5, bucketCounts: ['1', String(round), '0', '0', String(3 + round)] },
    negative: { offset: -3, bucketCounts: ['2', '4'] },
  };
}

function attributesOf(values: Readonly<Record<string, string>>): readonly object[] {
  return Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}
