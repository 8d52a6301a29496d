import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { request } from '../adapters/http/request.ts';
import { createDaemonClient } from '../adapters/daemon/daemon-client.ts';
import { createProcesses } from '../adapters/processes/linux-processes.ts';
import type { ComponentObservation, Observation } from '../contract/daemon-api.ts';
import { writeStackFile } from '../data-root/stack-file.ts';
import { hasCode } from '../errors/holdfast-error.ts';
import type { ProcessComponent } from '../model/component.ts';
import { paths } from '../model/paths.ts';
import type { InstalledProgram } from '../model/program.ts';
import type { StackFile } from '../model/stack-file.ts';
import { findTestProgram, missing } from '../stack/find-test-program.ts';
import { renderFromStack } from '../launch/render-from-stack.ts';
import { listTsdb } from '../tsdb/list-blocks.ts';
import { runDaemon } from './daemon.ts';
import { listSetAside } from './set-aside.ts';
import { makeSmallStack, smallDaemonOptions } from './small-stack.fixture.ts';

const found = {
  prometheus: findTestProgram('prometheus'),
  pushgateway: findTestProgram('pushgateway', 'prometheus-pushgateway'),
  node_exporter: findTestProgram('node_exporter', 'prometheus-node-exporter'),
} as const;
const names = Object.keys(found) as readonly (keyof typeof found)[];
const absent = names.find((name) => found[name] === undefined);
const processes = createProcesses();
const signal = AbortSignal.timeout(600_000);

/*
 * One daemon with the real programs, over one life: they start, a metric is pushed, Prometheus is killed, files and blocks
 * go bad, and each time the daemon says what happened and loses nothing.
 */
describe.skipIf(absent !== undefined)(
  `a daemon with real programs${missing(found[absent ?? 'prometheus'], absent ?? '')}`,
  () => {
    const client = () => createDaemonClient({ dataRoot: root, processes });
    const ending = new AbortController();
    let root = '';
    let stack: StackFile;
    let ended: Promise<void>;

    beforeAll(async () => {
      root = await mkdtemp(join(tmpdir(), 'holdfast-real-daemon-'));
      const installed = names.map((name) => describeProgram(name, found[name] ?? ''));
      stack = await makeSmallStack(root);
      const pins = installed.map(({ name, version, source, sha256, origin, modified }) => ({
        name,
        version,
        source,
        sha256,
        origin,
        modified,
      }));
      stack = { ...stack, programs: pins, unavailable: [{ program: 'grafana', reason: 'not part of this test' }] };
      await writeStackFile(root, stack);
      await writeFile(join(root, paths.passwordHash), hashSync('secret', 4));
      ended = runDaemon(
        {
          ...smallDaemonOptions(root, ''),
          programs: { find: async (pin) => installed.find((program) => program.name === pin.name) },
          render: renderFromStack,
          processes,
          say: () => undefined,
          readBlockRange: async (directory) => {
            const listing = await listTsdb(directory);
            return { oldestMs: listing.oldestBlockMs, newestMs: listing.newestBlockMs };
          },
        },
        ending.signal,
      );
      await until(async () =>
        ['prometheus', 'pushgateway', 'node-exporter'].every((name) => state(seen(), name) === 'running'),
      );
    }, 60_000);

    afterAll(async () => {
      ending.abort();
      await ended;
      await rm(root, { recursive: true });
    });

    let last: Observation | undefined;
    const seen = () => last;
    const state = (observation: Observation | undefined, name: string) =>
      observation?.components.find((component) => component.name === name)?.state;
    const component = (name: ProcessComponent): ComponentObservation => {
      const one = last?.components.find((candidate) => candidate.name === name);
      if (one === undefined) throw new Error(`no ${name}`);
      return one;
    };

    async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
      for (let attempt = 0; attempt < 600; attempt += 1) {
        last = await client().observe({ fresh: true }, signal);
        const result = await look();
        if (result !== undefined && result !== false) return result;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`waited for 30 s: ${JSON.stringify(last, null, 1)}`);
    }

    const ask = async (name: ProcessComponent, path: string) => {
      const address = component(name).address ?? '';
      return request({ name, address, credentials: { user: 'holdfast', password: 'secret' } }, { path, signal });
    };

    test('samples come in, and nothing is said to be wrong', async () => {
      await until(async () => (last?.newestSampleMs ?? 0) > (component('prometheus').sinceMs ?? Infinity));
      expect(last?.findings.filter((finding) => finding.object === 'prometheus')).toEqual([]);
      expect(last?.volumes.find((volume) => volume.component === 'prometheus')).toMatchObject({ state: 'ok' });
      expect(await stat(join(root, 'volumes/prometheus/prometheus-db/lock'))).toBeDefined();
      const identity = JSON.parse(await readFile(join(root, 'volumes/prometheus/.holdfast.json'), 'utf8')) as object;
      expect(identity).toMatchObject({
        lastWriter: { program: 'prometheus', version: component('prometheus').version },
      });
    });

    test('Prometheus, killed, is back with all its samples, and its WAL was set aside', async () => {
      const before = component('prometheus');
      const expression = encodeURIComponent('count_over_time(up{job="node-exporter"}[1h])');
      const countAt = async (at: string) =>
        (await ask('prometheus', `/api/v1/query?time=${at}&query=${expression}`)).text;
      const at = await until(async () => {
        const now = String(Date.now() / 1000);
        return (await countAt(now)).includes('"instance"') && now;
      });
      const counted = await countAt(at);
      process.kill(before.identity?.pid ?? 0, 'SIGKILL');
      await until(async () => component('prometheus').state === 'running' && component('prometheus').restarts === 1);
      expect(await countAt(at)).toBe(counted);
      const [aside = 'none'] = await listSetAside(root, 'prometheus');
      expect((await readdir(join(root, aside, 'wal'))).length).toBeGreaterThan(0);
    });

    test('what was pushed is there after a stop and a start', async () => {
      const address = component('pushgateway').address ?? '';
      const headers = { authorization: `Basic ${Buffer.from('holdfast:secret').toString('base64')}` };
      const push = { method: 'POST', headers, body: 'a_pushed_metric 42\n' };
      expect((await fetch(`${address}/metrics/job/a`, push)).status).toBe(200);
      expect(await client().stop('pushgateway', 'run-1', signal)).toMatchObject({ how: 'terminated' });
      await expect(stat(join(root, 'volumes/pushgateway/.holdfast.lock'))).rejects.toThrow('ENOENT');
      await client().start('pushgateway', 'run-1', signal);
      await until(async () => component('pushgateway').state === 'running');
      expect((await ask('pushgateway', '/metrics')).text).toContain('a_pushed_metric{instance="",job="a"} 42');
    });

    test('a file that Pushgateway cannot read is never overwritten', async () => {
      const file = join(root, 'volumes/pushgateway/pushgateway.data');
      await client().stop('pushgateway', 'run-2', signal);
      const good = await readFile(file);
      // A sound frame with damage inside: only Pushgateway itself can see it.
      const bad = Buffer.from(good);
      bad.fill(0xff, bad.length - 60);
      await writeFile(file, bad);
      const outcome = await client()
        .start('pushgateway', 'run-2', signal)
        .catch((error: unknown) => error);
      expect(outcome === undefined || hasCode(outcome, 'pushgateway-file-unreadable')).toBe(true);
      await until(async () => component('pushgateway').state === 'refused');
      expect(component('pushgateway').reason).toContain('pushgateway.data');
      expect(await readFile(file)).toEqual(bad);
      await writeFile(file, good.subarray(0, good.length - 20));
      await expect(client().start('pushgateway', 'run-2', signal)).rejects.toThrow('cut off');
      await writeFile(file, good);
      await client().start('pushgateway', 'run-2', signal);
      await until(async () => component('pushgateway').state === 'running');
      expect((await ask('pushgateway', '/metrics')).text).toContain('a_pushed_metric');
    });

    test('a broken block is named, and what moves it out of the way', async () => {
      await client().stop('prometheus', 'run-3', signal);
      const ulid = '01HZXV4K8Q6M3T5N7P9R1S2W4Y';
      const block = join(root, 'volumes/prometheus/prometheus-db', ulid);
      await mkdir(join(block, 'chunks'), { recursive: true });
      const times = { minTime: 1_000, maxTime: 7_200_000 };
      const compaction = { level: 1, sources: [ulid] };
      const stats = { numSamples: 1, numSeries: 1, numChunks: 1 };
      await writeFile(join(block, 'meta.json'), JSON.stringify({ version: 1, ulid, ...times, stats, compaction }));
      await writeFile(join(block, 'index'), 'no index at all');
      await client().start('prometheus', 'run-3', signal);
      await until(async () => component('prometheus').state === 'failed');
      expect(component('prometheus').reason).toContain(`Block ${ulid} is broken`);
      expect(component('prometheus').remedy).toContain('holdfast repair --plan');
      await rm(block, { recursive: true });
      await client().start('prometheus', 'run-3', signal);
      await until(async () => component('prometheus').state === 'running');
    });
  },
);

function describeProgram(name: InstalledProgram['name'], path: string): InstalledProgram {
  const said = (flag: string) => execFileSync('sh', ['-c', `"$0" ${flag} 2>&1`, path], { encoding: 'utf8' });
  return {
    name,
    version: /version (\d\S*)/.exec(said('--version'))?.[1]?.replace(/,$/, '') ?? '',
    source: 'config',
    sha256: createHash('sha256').update(path).digest('hex'),
    origin: path,
    modified: false,
    path,
    workingDirectory: null,
    flags: [...said('--help').matchAll(/^\s+(?:-\w, )?--(?:\[no-\])?([a-z][a-z.-]*)/gm)].map(([, flag]) => flag ?? ''),
  };
}
