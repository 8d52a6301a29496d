import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { createPrometheusClient } from '../adapters/prometheus/prometheus-client.ts';
import type { PrometheusReader } from '../adapters/prometheus/prometheus-reader.ts';
import { findFreePorts } from '../../test/harness/free-ports.ts';
import { awaitReady } from './await-ready.ts';

/** A real Prometheus of a test, that scrapes itself every second. */
export interface TestPrometheus {
  readonly reader: PrometheusReader;
  readonly address: string;
  /** SIGTERM, and waits until it is gone. */
  stop(): Promise<void>;
}

export interface TestPrometheusOptions {
  readonly program: string;
  /** Holds `data/` and gets the configuration and the log. */
  readonly directory: string;
  readonly flags?: readonly string[];
  /** With an alert that is always pending, which is written as a sample each second from the start. */
  readonly alert?: boolean;
}

/** Starts it and waits until it is ready. Throws with its log where it does not become so. */
export async function startTestPrometheus(options: TestPrometheusOptions): Promise<TestPrometheus> {
  const [port = 0] = await findFreePorts(1);
  const config = join(options.directory, 'prometheus.yml');
  const log = join(options.directory, 'prometheus.log');
  await writeFile(config, configOf(port, options.alert === true ? ['rules.yml'] : []));
  await writeFile(join(options.directory, 'rules.yml'), pendingAlert);
  const output = openSync(log, 'a');
  const child = spawn(options.program, argumentsOf(options, { config, port }), { stdio: ['ignore', output, output] });
  const address = `http://127.0.0.1:${port}`;
  const reader = createPrometheusClient({ name: 'prometheus', address, credentials: null });
  // What answers is another one where this has ended: it did not get the port.
  if (!(await awaitReady(reader, 20_000, new AbortController().signal)) || child.exitCode !== null) {
    child.kill('SIGKILL');
    throw new Error(`Prometheus did not become ready:\n${await readFile(log, 'utf8')}`);
  }
  return { reader, address, stop: () => stop(child) };
}

const pendingAlert = 'groups: [{name: test, rules: [{alert: Pending, expr: vector(1), for: 1h}]}]\n';

function configOf(port: number, ruleFiles: readonly string[]): string {
  const target = `  - job_name: self\n    static_configs: [{targets: ['127.0.0.1:${port}']}]\n`;
  const global = 'global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}';
  return `${global}\nrule_files: ${JSON.stringify(ruleFiles)}\nscrape_configs:\n${target}`;
}

function argumentsOf(
  { directory, flags = [] }: TestPrometheusOptions,
  { config, port }: { readonly config: string; readonly port: number },
): readonly string[] {
  const retention = flags.some((flag) => flag.includes('retention')) ? [] : ['--storage.tsdb.retention.time=90d'];
  return [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    ...retention,
    ...flags,
  ];
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

export interface TestBlocks {
  readonly promtool: string;
  /** Gets `data/` with one block for each two hours. */
  readonly directory: string;
  readonly endMs: number;
  readonly hours: number;
  /** Added to every value at that time. */
  readonly changed?: { readonly atMs: number; readonly by: number };
}

/** Makes real blocks that end at endMs: two metrics of three series, one sample a minute. */
export async function makeTestBlocks({ promtool, directory, endMs, hours, changed }: TestBlocks): Promise<void> {
  const lines: string[] = [];
  for (const metric of ['held_a', 'held_b']) {
    lines.push(`# TYPE ${metric} gauge`);
    for (const series of ['0', '1', '2']) {
      for (let atMs = endMs - hours * 3_600_000; atMs < endMs; atMs += 60_000) {
        const value = ((atMs / 1000) % 97) + (changed?.atMs === atMs ? changed.by : 0);
        lines.push(`${metric}{series="${series}"} ${value} ${atMs / 1000}`);
      }
    }
  }
  const text = join(directory, 'samples.om');
  await mkdir(join(directory, 'data'), { recursive: true });
  await writeFile(text, `${lines.join('\n')}\n# EOF\n`);
  await promisify(execFile)(promtool, ['tsdb', 'create-blocks-from', 'openmetrics', text, join(directory, 'data')], {
    maxBuffer: 2 ** 26,
  });
}
