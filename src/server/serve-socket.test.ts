import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DaemonClient } from '../contract/daemon-api.ts';
import { askStatus } from '../adapters/daemon/ask-status.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { StatusReport } from '../model/status.ts';
import { createDaemonApi } from './create-daemon-api.ts';
import { serveDaemonApi } from './serve-socket.ts';
import { makeSocketPath, maxSocketPathBytes } from './socket-folder.ts';

const uid = process.getuid?.() ?? 0;
let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hf-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Notes its orders; refuses to start grafana, and has a bug with alertmanager. */
function notingDaemon(orders: string[] = []): DaemonClient {
  return {
    observe: async ({ fresh }) => {
      orders.push(`observe ${fresh}`);
      return undefined;
    },
    hold: async (component, run) => void orders.push(`hold ${component} ${run}`),
    stop: async (component, run) => {
      orders.push(`stop ${component} ${run}`);
      return { how: 'terminated', tookMs: 5 };
    },
    start: async (component) => {
      if (component === 'alertmanager') throw new TypeError('a bug');
      throw new HoldfastError('port-taken', { message: 'Port 1 is taken.', remedy: 'Free it.', details: { port: 1 } });
    },
    shutdown: async ({ stop }) => void orders.push(`shutdown ${stop}`),
  };
}

const report: StatusReport = {
  ok: true,
  stack: 'monitoring',
  platform: 'standalone',
  dataRoot: '/srv/holdfast',
  desired: 'up',
  observedAtMs: 1,
  daemon: null,
  components: [],
  volumes: [],
  findings: [],
  lastRun: null,
  lastProof: null,
};
const noStatus = async () => report;

describe('the API', () => {
  test('tells the status that it was given', async () => {
    const response = await createDaemonApi(notingDaemon(), noStatus).request('/v1/status');
    expect(await response.json()).toEqual(report);
  });

  const post = (path: string, body: unknown) => ({
    path,
    init: { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  });
  const call = async (orders: string[], { path, init }: { path: string; init?: RequestInit }) => {
    const response = await createDaemonApi(notingDaemon(orders), noStatus).request(path, init);
    return { status: response.status, body: await response.json() };
  };

  test('carries out each order', async () => {
    const orders: string[] = [];
    expect(await call(orders, { path: '/v1/observation?fresh=1' })).toEqual({ status: 200, body: null });
    await call(orders, { path: '/v1/observation' });
    await call(orders, post('/v1/components/prometheus/hold', { run: 'r' }));
    const stopped = await call(orders, post('/v1/components/node-exporter/stop', { run: 'r' }));
    expect(stopped).toEqual({ status: 200, body: { how: 'terminated', tookMs: 5 } });
    await call(orders, post('/v1/shutdown', { stop: true }));
    expect(orders).toEqual([
      'observe true',
      'observe false',
      'hold prometheus r',
      'stop node-exporter r',
      'shutdown true',
    ]);
  });

  test('says a refusal whole, and a bug as a bug', async () => {
    const refused = await call([], post('/v1/components/grafana/start', { run: 'r' }));
    const error = {
      code: 'port-taken',
      kind: 'refusal',
      message: 'Port 1 is taken.',
      remedy: 'Free it.',
      details: { port: 1 },
    };
    expect(refused).toEqual({ status: 409, body: { error } });
    const bug = await call([], post('/v1/components/alertmanager/start', { run: 'r' }));
    expect(bug).toMatchObject({ status: 500, body: { error: { code: 'bug', message: 'a bug' } } });
  });

  test.each([
    ['no body', { path: '/v1/shutdown', init: { method: 'POST' } }, 400],
    ['a wrong body', post('/v1/shutdown', { stop: 'yes' }), 400],
    ['no JSON', { path: '/v1/shutdown', init: { method: 'POST', body: '{' } }, 400],
    ['an unknown route', { path: '/v1/nothing' }, 400],
    ['another method', { path: '/v1/shutdown' }, 400],
  ])('%s is an error and no order', async (_name, sent, status) => {
    const orders: string[] = [];
    expect((await call(orders, sent)).status).toBe(status);
    expect(orders).toEqual([]);
  });

  test('a body that is too long is not read', async () => {
    const api = createDaemonApi(notingDaemon(), noStatus);
    const { path, init } = post('/v1/components/prometheus/hold', { run: 'r'.repeat(20_000) });
    expect((await api.request(path, init)).status).toBe(413);
  });
});

describe('the socket', () => {
  const options = () => ({ key: 'a root', runtimeDirectory: directory, temporaryDirectory: directory, uid });

  test('the quick question believes a daemon of the same version and data root alone', async () => {
    const dataRoot = join(directory, 'root');
    await mkdir(join(dataRoot, 'run'), { recursive: true });
    const status = { ...report, dataRoot };
    const server = await serveDaemonApi({ daemon: notingDaemon(), readStatus: async () => status }, options());
    const { dev: device, ino: inode } = await stat(dataRoot);
    const note = { holdfastVersion: '1.2.3', socket: server.socket, dataRoot: { device, inode } };
    const ask = async (changes: object, holdfastVersion = '1.2.3') => {
      await writeFile(join(dataRoot, 'run/daemon.json'), JSON.stringify({ ...note, ...changes }));
      return askStatus({ dataRoot, holdfastVersion });
    };
    expect(await ask({})).toEqual(status);
    expect(await ask({}, '1.2.4')).toBeUndefined();
    expect(await ask({ dataRoot: { device, inode: inode + 1 } })).toBeUndefined();
    expect(await ask({ socket: join(directory, 'nobody.sock') })).toBeUndefined();
    expect(await ask({ socket: 7 })).toBeUndefined();
    await writeFile(join(dataRoot, 'run/daemon.json'), '{torn');
    expect(await askStatus({ dataRoot, holdfastVersion: '1.2.3' })).toBeUndefined();
    await server.close();
  });

  test('is for its user alone, in a folder of its own, and gone after the end', async () => {
    const server = await serveDaemonApi({ daemon: notingDaemon(), readStatus: noStatus }, options());
    expect((await stat(server.socket)).mode & 0o777).toBe(0o600);
    expect((await stat(join(server.socket, '..'))).mode & 0o777).toBe(0o700);
    const status = await new Promise((resolve, reject) => {
      const sent = request({ socketPath: server.socket, path: '/v1/observation' }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.on('error', reject).end();
    });
    expect(status).toBe(200);
    expect(await server.repair()).toBe(false);
    await server.close();
    await expect(stat(server.socket)).rejects.toThrow('ENOENT');
  });

  test('takes the place of one that a dead daemon has left', async () => {
    const path = await makeSocketPath(options());
    const dead = createServer().listen(path);
    await new Promise((resolve) => dead.once('listening', resolve));
    const server = await serveDaemonApi({ daemon: notingDaemon(), readStatus: noStatus }, options());
    expect(server.socket).toBe(path);
    await server.close();
    await new Promise((resolve) => dead.close(resolve));
  });

  test('is the same for the same data root, and short enough for the kernel', async () => {
    const first = await makeSocketPath(options());
    expect(await makeSocketPath(options())).toBe(first);
    expect(await makeSocketPath({ ...options(), key: 'another root' })).not.toBe(first);
    const long = join(directory, 'x'.repeat(90));
    await mkdir(long);
    const short = await makeSocketPath({ ...options(), runtimeDirectory: long });
    expect(Buffer.byteLength(short)).toBeLessThanOrEqual(maxSocketPathBytes);
    expect(short.startsWith(long)).toBe(false);
  });

  test('a folder that is open to others is closed, and what is no folder of ours is passed over', async () => {
    const path = await makeSocketPath(options());
    const folder = join(path, '..');
    await chmod(folder, 0o777);
    await makeSocketPath(options());
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    await rm(folder, { recursive: true });
    await mkdir(join(directory, 'elsewhere'));
    await symlink(join(directory, 'elsewhere'), folder);
    expect(await makeSocketPath(options())).not.toBe(path);
    await rm(folder);
    await writeFile(folder, 'a file');
    expect(await makeSocketPath(options())).not.toBe(path);
    expect(await readFile(folder, 'utf8')).toBe('a file');
  });

  test("another user's folder is passed over", async () => {
    const path = await makeSocketPath(options());
    expect(await makeSocketPath({ ...options(), uid: uid + 1 })).not.toBe(path);
  });
});
