import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DaemonFile, Observation } from '../../contract/daemon-api.ts';
import { hasCode } from '../../errors/holdfast-error.ts';
import { createProcesses } from '../processes/linux-processes.ts';
import { createDaemonClient } from './daemon-client.ts';
import { startDaemon } from './start-daemon.ts';

const processes = createProcesses({ pollMs: 20 });
const signal = AbortSignal.timeout(60_000);
const observation: Observation = {
  format: 1,
  observedAtMs: 1,
  holdfastVersion: '1',
  stackId: 's',
  ok: true,
  daemon: null,
  components: [],
  volumes: [],
  findings: [],
  newestSampleMs: null,
};
let root = '';
let server: Server;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hf-'));
  await mkdir(join(root, 'run'));
  server = createServer();
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(root, { recursive: true });
});

const client = (lookDeadlineMs?: number) =>
  createDaemonClient({ dataRoot: root, processes, ...(lookDeadlineMs === undefined ? {} : { lookDeadlineMs }) });

async function writeDaemonFile(change: Partial<DaemonFile> = {}) {
  const { dev, ino } = await stat(root);
  const dataRoot = { path: root, device: dev, inode: ino };
  const file = {
    format: 1,
    identity: processes.self(),
    socket: join(root, 's'),
    holdfastVersion: '1',
    service: 'none',
    dataRoot,
  };
  await writeFile(join(root, 'run/daemon.json'), JSON.stringify({ ...file, ...change }));
}

async function serve(listener: RequestListener) {
  server.on('request', listener).listen(join(root, 's'));
  await new Promise((resolve) => server.once('listening', resolve));
  await writeDaemonFile();
}

const json = (status: number, body: unknown): RequestListener => {
  return (_incoming, outgoing) => void outgoing.writeHead(status).end(JSON.stringify(body));
};
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('which daemon', () => {
  test('none where there is no file: a look is undefined, an order is an error', async () => {
    expect(await client().observe({ fresh: true }, signal)).toBeUndefined();
    expect(hasCode(await failure(client().hold('prometheus', 'r', signal)), 'daemon-unreachable')).toBe(true);
  });

  test('none where its process is gone, lives on another host, or keeps the root that this is a copy of', async () => {
    await serve(json(200, observation));
    expect(await client().observe({ fresh: false }, signal)).toEqual(observation);
    const self = processes.self();
    const { dev, ino } = await stat(root);
    for (const change of [
      { identity: { ...self, startTicks: self.startTicks + 1 } },
      { identity: { ...self, host: 'other' } },
      { dataRoot: { path: root, device: dev, inode: ino + 1 } },
    ]) {
      await writeDaemonFile(change);
      expect(await client().observe({ fresh: false }, signal)).toBeUndefined();
    }
  });
});

describe('what it answers', () => {
  test('a refusal comes out as it was said', async () => {
    const error = { code: 'port-taken', kind: 'refusal', message: 'Taken.', remedy: 'Free it.', details: { port: 1 } };
    await serve(json(409, { error }));
    const thrown = await failure(client().start('prometheus', 'r', signal));
    expect(thrown).toMatchObject({ code: 'port-taken', message: 'Taken.', remedy: 'Free it.', details: { port: 1 } });
  });

  test.each<readonly [string, RequestListener]>([
    ['no JSON', (_incoming, outgoing) => void outgoing.end('<html>')],
    ['something else', json(200, { ok: true })],
    ['an unknown error', json(500, { error: { code: 'of-the-future', message: 'x', remedy: 'y' } })],
    ['a bare status', json(503, {})],
    [
      'half an answer',
      (_incoming, outgoing) => outgoing.writeHead(200, { 'content-length': 99 }).write('{') && outgoing.destroy(),
    ],
    ['far too much', (_incoming, outgoing) => void outgoing.end(Buffer.alloc(20 * 2 ** 20, 32))],
  ])('%s is a daemon that cannot be understood', async (_name, listener) => {
    await serve(listener);
    expect(hasCode(await failure(client().observe({ fresh: true }, signal)), 'daemon-unreachable')).toBe(true);
  });

  test('a daemon that is paused does not hold us up for ever, and is named', async () => {
    await serve(() => undefined);
    const thrown = await failure(client(100).observe({ fresh: true }, signal));
    expect(hasCode(thrown, 'daemon-unreachable') && thrown.message).toContain(`pid ${process.pid}`);
  });

  test('a socket without a listener is a daemon that does not answer', async () => {
    await writeDaemonFile();
    expect(hasCode(await failure(client().observe({ fresh: true }, signal)), 'daemon-unreachable')).toBe(true);
  });

  test('the signal ends a question', async () => {
    const stop = new AbortController();
    await serve(() => stop.abort());
    expect(hasCode(await failure(client().observe({ fresh: true }, stop.signal)), 'cancelled')).toBe(true);
  });
});

describe('starting one', () => {
  const start = (script: string, timeoutMs?: number) =>
    startDaemon({
      dataRoot: root,
      processes,
      client: client(),
      command: { path: '/bin/sh', arguments: ['-c', script] },
      environment: { PATH: '/usr/bin:/bin' },
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      signal,
    });

  test('what it said before it died is in the error', async () => {
    const thrown = await failure(start('echo "no such port" >&2; exit 1'));
    expect(hasCode(thrown, 'daemon-unreachable') && thrown.message).toContain('no such port');
  });

  test('a daemon that somebody else has started meanwhile is good enough', async () => {
    await serve(json(200, observation));
    await start('exit 11');
  });

  test('one that never answers is given up', async () => {
    const thrown = await failure(start('echo $$; exec sleep 2', 100));
    expect(hasCode(thrown, 'daemon-unreachable') && thrown.message).toContain('does not answer');
  });
});
