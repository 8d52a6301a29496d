import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDaemonClient } from '../adapters/daemon/daemon-client.ts';
import { startDaemon } from '../adapters/daemon/start-daemon.ts';
import { createProcesses } from '../adapters/processes/linux-processes.ts';
import type { ComponentObservation, Observation } from '../contract/daemon-api.ts';
import { findStackFile, writeStackFile } from '../data-root/stack-file.ts';
import { HoldfastError, hasCode } from '../errors/holdfast-error.ts';
import { processComponents, type ProcessComponent } from '../model/component.ts';
import { paths } from '../model/paths.ts';
import { runDaemon, type DaemonOptions } from './daemon.ts';
import { findInstance, writeInstance } from './instance-store.ts';
import { listSetAside } from './set-aside.ts';
import { behave, makeSmallStack, readEnds, smallDaemonOptions } from './small-stack.fixture.ts';

const program = new URL('./small-program.fixture.mjs', import.meta.url).pathname;
const processes = createProcesses({ pollMs: 20 });
const signal = AbortSignal.timeout(600_000);
let daemonScript = '';
let root = '';
let endings: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const entry = new URL('./small-daemon.fixture.ts', import.meta.url).pathname;
  daemonScript = join(await mkdtemp(join(tmpdir(), 'holdfast-daemon-')), 'daemon.mjs');
  buildSync({ entryPoints: [entry], bundle: true, platform: 'node', format: 'esm', outfile: daemonScript });
});
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-root-'));
});
afterEach(async () => {
  for (const end of endings.reverse()) await end();
  endings = [];
  for (const component of processComponents) {
    const file = await findInstance(root, component);
    if (file?.identity) await processes.kill(file.identity);
  }
  await rm(root, { recursive: true });
});

/** A daemon in this process; it is ended after the test. */
async function run(change: Partial<DaemonOptions> = {}) {
  const ending = new AbortController();
  const said: string[] = [];
  const options = { ...smallDaemonOptions(root, program), say: (line: string) => said.push(line), ...change };
  const ended = runDaemon(options, ending.signal);
  const end = async () => {
    ending.abort();
    await ended;
  };
  endings.push(() => end().catch(() => undefined));
  const client = createDaemonClient({ dataRoot: root, processes });
  await Promise.race([ended, until(async () => client.observe({ fresh: false }, signal))]);
  return { client, end, ended, said };
}

/** A daemon as a process of its own. */
async function spawnDaemon() {
  const client = createDaemonClient({ dataRoot: root, processes });
  const command = { path: process.execPath, arguments: [daemonScript, root, program] };
  await startDaemon({ dataRoot: root, processes, client, command, environment: { PATH: '/usr/bin:/bin' }, signal });
  const identity = (await client.observe({ fresh: false }, signal))?.daemon?.identity;
  if (identity === undefined) throw new Error('the daemon does not say who it is');
  endings.push(() => processes.kill(identity));
  return { client, identity };
}

async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (let attempt = 0; attempt < 1_000; attempt += 1) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('waited for 20 s');
}

type Client = ReturnType<typeof createDaemonClient>;

const look = async (client: Client): Promise<Observation> => {
  const observation = await client.observe({ fresh: true }, signal);
  if (observation === undefined) throw new Error('no daemon answers');
  return observation;
};

const find = (observation: Observation, name: ProcessComponent): ComponentObservation => {
  const found = observation.components.find((component) => component.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

const untilOk = (client: Client) => until(async () => (await look(client)).ok && look(client));
const untilState = (client: Client, name: ProcessComponent, state: string) =>
  until(async () => {
    const component = find(await look(client), name);
    return component.state === state && component;
  });
const pidsOf = (observation: Observation) => observation.components.map((component) => component.identity?.pid);

async function kill(component: ComponentObservation, name: NodeJS.Signals = 'SIGKILL') {
  process.kill(component.identity?.pid ?? 0, name);
}

const exists = (path: string) =>
  stat(join(root, path)).then(
    () => true,
    () => false,
  );

describe('a daemon keeps its stack', () => {
  test('starts what stack.json wants, and stops it in order when it is ended', async () => {
    await makeSmallStack(root);
    const { client, end } = await run();
    const seen = await untilOk(client);
    expect(seen.components.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'prometheus running',
      'alertmanager running',
      'pushgateway running',
      'node-exporter running',
      'grafana running',
      'kube-state-metrics not-applicable',
    ]);
    expect(find(seen, 'prometheus')).toMatchObject({ version: '1.2.3', restarts: 0, reason: null, run: null });
    expect(seen.newestSampleMs).toBeGreaterThan(0);
    expect(seen.volumes.map((volume) => volume.state)).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(await exists('volumes/prometheus/.holdfast.lock')).toBe(true);
    expect(await readFile(join(root, paths.rendered('grafana'), 'sub/config.txt'), 'utf8')).toBe('grafana');
    await end();
    expect(await readEnds(root)).toEqual(['prometheus', 'grafana', 'node-exporter', 'alertmanager', 'pushgateway']);
    expect(await exists('volumes/prometheus/.holdfast.lock')).toBe(false);
    expect(await client.observe({ fresh: true }, signal)).toBeUndefined();
    const last = JSON.parse(await readFile(join(root, paths.lastObservation), 'utf8')) as Observation;
    expect(find(last, 'prometheus').state).toBe('stopped');
    expect(last.newestSampleMs).toBe(seen.newestSampleMs === null ? null : last.newestSampleMs);
    expect(last.newestSampleMs).not.toBeNull();
  });

  test('where stack.json wants it down, nothing starts by itself', async () => {
    await makeSmallStack(root, { desired: 'down' });
    const { client } = await run();
    const seen = await look(client);
    expect(seen.ok).toBe(true);
    expect(new Set(processComponents.map((name) => find(seen, name).state))).toEqual(new Set(['stopped']));
  });

  test('a data root without stack.json is no stack', async () => {
    const error = await run().catch((reason: unknown) => reason);
    expect(hasCode(error, 'no-stack')).toBe(true);
  });

  test('what dies is started again; what its repair could destroy is set aside first', async () => {
    await makeSmallStack(root);
    await mkdir(join(root, 'volumes/prometheus/prometheus-db/wal'), { recursive: true });
    await writeFile(join(root, 'volumes/prometheus/prometheus-db/wal/00000000'), 'segment');
    const { client } = await run();
    const before = find(await untilOk(client), 'prometheus');
    expect(await listSetAside(root, 'prometheus')).toEqual([]);
    await kill(before);
    const after = await until(async () => {
      const component = find(await look(client), 'prometheus');
      return component.state === 'running' && component.identity?.pid !== before.identity?.pid && component;
    });
    expect(after.restarts).toBe(1);
    expect(after.reason).toContain('killed with SIGKILL');
    const [aside] = await listSetAside(root, 'prometheus');
    expect(await readFile(join(root, aside ?? '', 'wal/00000000'), 'utf8')).toBe('segment');
  });

  test('what dies again and again is given up, with its reason and its last words', async () => {
    await makeSmallStack(root);
    await behave(root, 'alertmanager', 'die something unheard of');
    const { client } = await run();
    const failed = await untilState(client, 'alertmanager', 'failed');
    expect(failed.reason).toMatch(/Given up after 4 deaths.*exited with code 3.*\n {2}\| something unheard of/s);
    const seen = await look(client);
    expect(seen.ok).toBe(false);
    expect(seen.findings.map((finding) => finding.rule)).toContain('component-failed');
    // The others do not suffer from it, and an order tries again.
    expect(find(seen, 'prometheus').state).toBe('running');
    await behave(root, 'alertmanager', 'well');
    await client.start('alertmanager', 'run-1', signal);
    expect((await untilState(client, 'alertmanager', 'running')).run).toBe('run-1');
  });

  test('a cause that does not go away is given up sooner, in plain words', async () => {
    await makeSmallStack(root);
    const line =
      'level=error err="opening storage failed: reloadBlocks: corrupted block 01HZXV4K8Q6M3T5N7P9R1S2W4Y: bad"';
    await behave(root, 'prometheus', `die ${line}`);
    const { client } = await run();
    const failed = await untilState(client, 'prometheus', 'failed');
    expect(failed.reason).toContain('after 2 deaths');
    expect(failed.reason).toContain('Block 01HZXV4K8Q6M3T5N7P9R1S2W4Y is broken');
    expect(failed.remedy).toContain('holdfast repair --plan');
  });

  test('what runs but does not listen is not ready, and what listens in its place is named', async () => {
    const stack = await makeSmallStack(root);
    await behave(root, 'grafana', 'deaf');
    const { client } = await run();
    const deaf = await until(async () => {
      const component = find(await look(client), 'grafana');
      return component.reason !== null && component;
    });
    expect(deaf.state).toBe('starting');
    expect(deaf.reason).toContain('does not listen on port');
    const stranger = createServer().listen(stack.config.grafana.port, '127.0.0.1');
    await until(async () => find(await look(client), 'grafana').reason?.includes(`(pid ${process.pid})`));
    await new Promise((resolve) => stranger.close(resolve));
  });

  test('a Prometheus that stores nothing is found out', async () => {
    await makeSmallStack(root);
    await behave(root, 'prometheus', 'silent');
    const { client } = await run({ now: () => Date.now() * 100 });
    const seen = await until(async () => {
      const observation = await look(client);
      return observation.findings.some((finding) => finding.rule === 'no-samples') && observation;
    });
    expect(seen.ok).toBe(false);
  });
});

describe('orders', () => {
  test('hold, stop and start move one component and name the run', async () => {
    await makeSmallStack(root);
    const { client } = await run();
    const before = await untilOk(client);
    await client.hold('prometheus', 'run-1', signal);
    expect(find(await look(client), 'prometheus').state).toBe('running');
    expect(await client.stop('prometheus', 'run-1', signal)).toMatchObject({ how: 'terminated' });
    expect(await client.stop('prometheus', 'run-1', signal)).toMatchObject({ how: 'gone' });
    expect(find(await look(client), 'prometheus')).toMatchObject({ state: 'held', identity: null });
    await client.start('prometheus', 'run-1', signal);
    const started = await untilState(client, 'prometheus', 'running');
    expect(started.run).toBe('run-1');
    expect(started.identity?.pid).not.toBe(find(before, 'prometheus').identity?.pid);
    // What runs already is not restarted.
    await client.start('prometheus', 'run-2', signal);
    expect(find(await look(client), 'prometheus')).toMatchObject({ identity: started.identity, run: 'run-2' });
    expect(await readEnds(root)).toEqual(['prometheus']);
  });

  test('what is held is not started again when it dies', async () => {
    await makeSmallStack(root);
    const { client } = await run();
    const before = await untilOk(client);
    await client.hold('pushgateway', 'run-1', signal);
    await kill(find(before, 'pushgateway'));
    expect((await untilState(client, 'pushgateway', 'held')).reason).toContain('SIGKILL');
  });

  test('a guard refuses with its own words, and a component that is not there is an error', async () => {
    await makeSmallStack(root, { desired: 'down' });
    const refusal = { code: 'retention-would-delete', message: 'It would delete.', remedy: 'Raise it.' } as const;
    const { client } = await run({ guard: async (name) => (name === 'prometheus' ? refusal : undefined) });
    const error = await client.start('prometheus', 'run-1', signal).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(HoldfastError);
    expect(error).toMatchObject(refusal);
    expect(find(await look(client), 'prometheus')).toMatchObject({ state: 'refused', reason: 'It would delete.' });
    const unknown = await client.start('nothing', 'run-1', signal).catch((reason: unknown) => reason);
    expect(hasCode(unknown, 'bad-arguments')).toBe(true);
  });

  test('shutdown without stop leaves everything running for the next daemon', async () => {
    await makeSmallStack(root);
    const first = await run();
    const before = pidsOf(await untilOk(first.client));
    await first.client.shutdown({ stop: false }, signal);
    await first.ended;
    const second = await run();
    expect(pidsOf(await untilOk(second.client))).toEqual(before);
    expect(await readEnds(root)).toEqual([]);
  });
});

describe('refusals', () => {
  test('a volume that is missing is refused, and started once it is there', async () => {
    await makeSmallStack(root);
    await rename(join(root, 'volumes/prometheus'), join(root, 'elsewhere'));
    const { client } = await run();
    const refused = await untilState(client, 'prometheus', 'refused');
    expect(refused.reason).toContain('does not exist');
    expect((await look(client)).ok).toBe(false);
    await rename(join(root, 'elsewhere'), join(root, 'volumes/prometheus'));
    await untilState(client, 'prometheus', 'running');
  });

  test('a repair that was broken off while the volume was looked through: the lock is put back as it was', async () => {
    await makeSmallStack(root);
    let looks = 0;
    let isBegun = true;
    // Twice before the look and twice after it.
    const findBegunRepair = async () => ((looks += 1) % 4 > 2 && isBegun ? 'the-run' : undefined);
    const { client } = await run({ findBegunRepair });
    const refused = await untilState(client, 'prometheus', 'refused');
    expect(refused.reason).toContain('(run the-run) was broken off');
    expect(await exists('volumes/prometheus/.holdfast.lock')).toBe(false);
    isBegun = false;
    await untilState(client, 'prometheus', 'running');
    expect(await exists('volumes/prometheus/.holdfast.lock')).toBe(true);
  });

  test('a port that another process has is named with that process', async () => {
    const stack = await makeSmallStack(root, { desired: 'down' });
    const { client } = await run();
    const stranger = createServer().listen(stack.config.prometheus.port, '127.0.0.1');
    await new Promise((resolve) => stranger.once('listening', resolve));
    const error = await client.start('prometheus', 'run-1', signal).catch((reason: unknown) => reason);
    await new Promise((resolve) => stranger.close(resolve));
    expect(hasCode(error, 'port-taken') && error.message).toContain(`(pid ${process.pid})`);
  });

  test('a program that is not here makes a component unavailable, which is a warning for Grafana alone', async () => {
    const stack = await makeSmallStack(root);
    const programs = stack.programs.filter(({ name }) => name !== 'grafana');
    await writeStackFile(root, { ...stack, programs, unavailable: [{ program: 'grafana', reason: 'nobody answers' }] });
    const { client } = await run();
    const seen = await untilOk(client);
    expect(find(seen, 'grafana')).toMatchObject({ state: 'unavailable', reason: 'nobody answers' });
    expect(seen.findings).toMatchObject([{ rule: 'grafana-unavailable', severity: 'warning' }]);
  });

  test("an empty file of Pushgateway's is refused before any start", async () => {
    await makeSmallStack(root);
    await writeFile(join(root, 'volumes/pushgateway/pushgateway.data'), '');
    const { client } = await run();
    expect((await untilState(client, 'pushgateway', 'refused')).reason).toContain('it is empty');
    expect(await readEnds(root)).toEqual([]);
  });

  test('a Pushgateway that started empty is killed before it can overwrite its file', async () => {
    await makeSmallStack(root);
    const data = Buffer.from([0x03, 0x02, 0x01, 0x00]);
    await writeFile(join(root, 'volumes/pushgateway/pushgateway.data'), data);
    await behave(root, 'pushgateway', 'empty-start');
    const { client } = await run();
    expect((await untilState(client, 'pushgateway', 'refused')).reason).toContain('cannot read');
    expect(await readFile(join(root, 'volumes/pushgateway/pushgateway.data'))).toEqual(data);
    expect(await readEnds(root)).toEqual([]);
  });
});

describe('a Pushgateway that could not read its file and is not ready yet', () => {
  const data = Buffer.from([0x03, 0x02, 0x01, 0x00]);
  const file = () => join(root, 'volumes/pushgateway/pushgateway.data');

  /** It has said so in its log, and does not listen. */
  async function startUnready() {
    await makeSmallStack(root);
    await writeFile(file(), data);
    await behave(root, 'pushgateway', 'empty-start deaf');
    const { client } = await run();
    await until(async () =>
      (await readFile(join(root, paths.log('pushgateway')), 'utf8').catch(() => '')).includes('persisted metrics'),
    );
    return { client, pushgateway: find(await look(client), 'pushgateway') };
  }

  test('is killed, not terminated, when it is stopped, and its file stays', async () => {
    const { client } = await startUnready();
    expect(await client.stop('pushgateway', 'run-1', signal)).toMatchObject({ how: 'killed' });
    expect(find(await look(client), 'pushgateway')).toMatchObject({ state: 'refused', identity: null });
    expect(await readFile(file())).toEqual(data);
    expect(await readEnds(root)).toEqual([]);
  });

  test('gets its file back when another process terminates it', async () => {
    const { client, pushgateway } = await startUnready();
    await kill(pushgateway, 'SIGTERM');
    const refused = await untilState(client, 'pushgateway', 'refused');
    expect(refused.reason).toContain('It had been overwritten, and was put back.');
    expect(await readFile(file())).toEqual(data);
    expect(await readFile(`${file()}.overwritten`, 'utf8')).toBe('overwritten with nothing');
  });
});

describe('more than one daemon', () => {
  test('a second one is told who the first is', async () => {
    await makeSmallStack(root);
    const { client } = await run();
    await untilOk(client);
    const error = await runDaemon(smallDaemonOptions(root, program), signal).catch((reason: unknown) => reason);
    expect(hasCode(error, 'locked') && error.message).toContain(`process ${process.pid}`);
  });

  test('killed with SIGKILL it leaves the stack running, and the next one takes it over', async () => {
    await makeSmallStack(root);
    const first = await spawnDaemon();
    const before = await untilOk(first.client);
    await processes.kill(first.identity);
    expect(await first.client.observe({ fresh: true }, signal)).toBeUndefined();
    const second = await run();
    const after = await untilOk(second.client);
    expect(pidsOf(after)).toEqual(pidsOf(before));
    expect(after.daemon?.identity.pid).toBe(process.pid);
    // It keeps what it has taken over like its own.
    await kill(find(after, 'grafana'));
    await until(async () => find(await look(second.client), 'grafana').restarts === 1);
    await second.end();
    expect(await exists('volumes/prometheus/.holdfast.lock')).toBe(false);
  });

  test('what was spawned just before the daemon died is found by its token', async () => {
    await makeSmallStack(root);
    const first = await spawnDaemon();
    const before = await untilOk(first.client);
    await processes.kill(first.identity);
    const file = await findInstance(root, 'prometheus');
    if (file === undefined) throw new Error('no instance');
    await writeInstance(root, { ...file, identity: null });
    const second = await run();
    expect(pidsOf(await untilOk(second.client))).toEqual(pidsOf(before));
  });

  test('what runs on a volume is found by its lock where run/ was removed', async () => {
    await makeSmallStack(root);
    const first = await spawnDaemon();
    const before = find(await untilOk(first.client), 'prometheus');
    await processes.kill(first.identity);
    for (const component of ['node-exporter'] as const) {
      const file = await findInstance(root, component);
      if (file?.identity) await processes.kill(file.identity);
    }
    await rm(join(root, 'run'), { recursive: true });
    const second = await run();
    const after = await until(async () => {
      const component = find(await look(second.client), 'prometheus');
      return component.identity !== null && component;
    });
    expect(after.identity).toEqual(before.identity);
  });

  test('a component that died while there was no daemon is started anew, after its WAL was set aside', async () => {
    await makeSmallStack(root);
    await mkdir(join(root, 'volumes/prometheus/prometheus-db/wal'), { recursive: true });
    await writeFile(join(root, 'volumes/prometheus/prometheus-db/wal/00000000'), 'segment');
    const first = await spawnDaemon();
    const before = find(await untilOk(first.client), 'prometheus');
    await processes.kill(first.identity);
    await kill(before);
    const second = await run();
    const after = find(await untilOk(second.client), 'prometheus');
    expect(after.identity?.pid).not.toBe(before.identity?.pid);
    expect(await listSetAside(root, 'prometheus')).toHaveLength(1);
  });

  test('a copy of the data root is refused while the original runs', async () => {
    await makeSmallStack(root);
    const { client } = await run();
    await untilOk(client);
    const copy = await mkdtemp(join(tmpdir(), 'holdfast-copy-'));
    execFileSync('cp', ['-a', `${root}/.`, copy]);
    const error = await runDaemon(smallDaemonOptions(copy, program), signal).catch((reason: unknown) => reason);
    expect(hasCode(error, 'copied-while-running') && error.message).toContain(root);
    expect(await createDaemonClient({ dataRoot: copy, processes }).observe({ fresh: true }, signal)).toBeUndefined();
    await rm(copy, { recursive: true });
  });

  test('a socket that was taken away is made anew', async () => {
    await makeSmallStack(root);
    const { client } = await run();
    const folder = (await readdir(root)).find((name) => name.startsWith('holdfast-'));
    await rm(join(root, folder ?? 'none'), { recursive: true });
    await until(async () => (await client.observe({ fresh: false }, signal).catch(() => undefined)) !== undefined);
    const socket = await stat(join(root, folder ?? 'none', 'daemon.sock'));
    expect(socket.mode & 0o777).toBe(0o600);
  });
});

test('stack.json can change under the daemon: the next start follows it', async () => {
  await makeSmallStack(root);
  const { client } = await run();
  await untilOk(client);
  const stack = await findStackFile(root);
  if (stack === undefined) throw new Error('no stack');
  await writeStackFile(root, { ...stack, desired: 'down' });
  await kill(find(await look(client), 'grafana'));
  await untilState(client, 'grafana', 'stopped');
});
