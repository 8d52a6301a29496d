import { execFileSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hasCode } from '../../errors/holdfast-error.ts';
import type { Acquired, DownloadProgress } from './program-store.ts';
import { fakeProgram } from './test-support/fake-programs.ts';
import { packArchive, publish, startReleaseServer, type ReleaseServer } from './test-support/release-server.ts';
import { startSilentHost } from './test-support/silent-host.ts';
import { asking, createTestPlace, type TestPlace } from './test-support/test-store.ts';

let place: TestPlace;
let server: ReleaseServer;
beforeEach(async () => {
  place = await createTestPlace();
  server = await startReleaseServer();
});
afterEach(async () => {
  await server.close();
  expect(await place.listLeftovers()).toEqual([]);
  await place.remove();
});

const version = '3.14.0';
const sumsPath = `/prometheus/v${version}/sha256sums.txt`;
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
const archiveName = `prometheus-${version}.linux-${architecture}.tar.gz`;
const archivePath = `/prometheus/v${version}/${archiveName}`;

function packPrometheus(build = 'HEAD', saidVersion = version): Promise<Buffer> {
  return packArchive(`prometheus-${version}.linux-${architecture}`, {
    prometheus: fakeProgram({
      name: 'prometheus',
      version: saidVersion,
      build,
      flags: ['[no-]storage.tsdb.no-lockfile'],
    }),
    promtool: fakeProgram({ name: 'promtool', version: saidVersion }),
    LICENSE: 'Apache',
  });
}

async function publishPrometheus(changes: { readonly build?: string; readonly sums?: string } = {}): Promise<Buffer> {
  const archive = await packPrometheus(changes.build);
  publish(server, {
    package: 'prometheus',
    version,
    archive,
    ...(changes.sums === undefined ? {} : { sums: changes.sums }),
  });
  return archive;
}

function reasonsOf(acquired: Acquired): string[] {
  return acquired.passedOver.filter(({ source }) => source.startsWith('127.')).map(({ reason }) => reason);
}

test('a release is checked, unpacked, asked what it is, and found again', async () => {
  const archive = await publishPrometheus();
  const seen: DownloadProgress[] = [];
  const store = place.store();
  const acquired = await store.acquire('prometheus', asking({ programSource: `${server.url}/`, seen }));
  const { program } = acquired;
  expect(program).toMatchObject({ version, source: 'release', origin: archiveName, modified: false });
  expect(program?.flags).toEqual(['help', 'storage.tsdb.no-lockfile']);
  expect(seen.at(-1)).toEqual({
    program: 'prometheus',
    from: `127.0.0.1:${server.port}`,
    receivedBytes: archive.length,
    totalBytes: archive.length,
  });
  expect(program === undefined ? undefined : await place.store().find(program, undefined)).toEqual(program);
  const asked = server.asked.length;
  const promtool = await store.acquire('promtool', asking({ programSource: server.url }));
  expect(promtool.program?.origin).toBe(archiveName);
  expect(server.asked).toHaveLength(asked);
});

test('versions.json says which version a new stack gets', async () => {
  server.routes.set('/versions.json', JSON.stringify({ format: 1, versions: { pushgateway: '1.12.5' } }));
  const archive = await packArchive('p', { pushgateway: fakeProgram({ name: 'pushgateway', version: '1.12.5' }) });
  publish(server, { package: 'pushgateway', version: '1.12.5', archive });
  const { program } = await place.store().acquire('pushgateway', asking({ programSource: server.url }));
  expect(program?.version).toBe('1.12.5');
});

test('Grafana is whole with its defaults beside it, and runs from its home', async () => {
  const files = { 'bin/grafana': fakeProgram({ name: 'grafana', version: '13.2.1', flags: ['homepath'] }) };
  const archive = await packArchive('grafana-13.2.1', { ...files, 'conf/defaults.ini': '' });
  publish(server, { package: 'grafana', version: '13.2.1', archive });
  const { program } = await place.store().acquire('grafana', asking({ programSource: server.url }));
  expect(program?.path).toBe(join(program?.workingDirectory ?? '', 'bin/grafana'));
  expect(await readdir(program?.workingDirectory ?? '')).toEqual(['bin', 'conf']);
});

test('Grafana that cannot be reached is no error', async () => {
  const store = place.store({ sites: { grafana: `https://127.0.0.1:1`, github: 'https://127.0.0.1:1' } });
  expect(await store.acquire('grafana', asking())).toEqual({
    program: undefined,
    passedOver: [
      { source: 'PATH', reason: 'has no grafana or grafana-server' },
      { source: '127.0.0.1:1', reason: 'refuses the connection (ECONNREFUSED)' },
      { source: 'Debian packages', reason: 'there is none of grafana' },
    ],
  });
});

describe('stops everything and leaves nothing behind', () => {
  test('a wrong checksum', async () => {
    await publishPrometheus({ sums: `${'0'.repeat(64)}  ${archiveName}\n` });
    const refusal = place.store().acquire('prometheus', asking({ programSource: server.url }));
    await expect(refusal).rejects.toSatisfy((error) => hasCode(error, 'wrong-checksum'));
    await expect(refusal).rejects.toThrow(archiveName);
    expect(await readdir(join(place.cacheRoot, 'entries'))).toEqual([]);
    expect(await readdir(join(place.cacheRoot, 'ledger'))).toEqual([]);
    expect(await readdir(join(place.cacheRoot, 'downloads'))).toEqual([]);
  });

  test('a release whose bytes are not those that were installed as that version before', async () => {
    await publishPrometheus();
    const { program } = await place.store().acquire('prometheus', asking({ programSource: server.url }));
    await writeFile(program?.path ?? '', 'damaged');
    await publishPrometheus({ build: 'other' });
    const refusal = place.store().acquire('prometheus', asking({ programSource: server.url }));
    await expect(refusal).rejects.toSatisfy((error) => hasCode(error, 'program-changed'));
    await publishPrometheus();
    const again = await place.store().acquire('prometheus', asking({ programSource: server.url }));
    expect(again.program?.sha256).toBe(program?.sha256);
  });

  test('a release that is not the pinned one, on a machine with an empty cache', async () => {
    await publishPrometheus();
    const { program } = await place.store().acquire('prometheus', asking({ programSource: server.url }));
    await place.store().purge();
    await publishPrometheus({ build: 'other' });
    const refusal = place.store().acquire('prometheus', asking({ programSource: server.url, pin: program }));
    await expect(refusal).rejects.toSatisfy((error) => hasCode(error, 'program-changed'));
    expect(await readdir(join(place.cacheRoot, 'entries'))).toEqual([]);
  });

  test('the user who stops it', async () => {
    await publishPrometheus();
    const abort = new AbortController();
    server.routes.set(archivePath, (_, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('half');
      abort.abort();
    });
    const stopped = place.store().acquire('prometheus', asking({ programSource: server.url, signal: abort.signal }));
    await expect(stopped).rejects.toSatisfy((error) => hasCode(error, 'cancelled'));
  });
});

describe('passes over, and says why', () => {
  async function acquireReasons(options: Parameters<TestPlace['store']>[0] = {}): Promise<string[]> {
    return reasonsOf(await place.store(options).acquire('prometheus', asking({ programSource: server.url })));
  }

  test('a body that ends early, after two more tries', async () => {
    const archive = await publishPrometheus();
    server.routes.set(archivePath, (_, response) => {
      response.writeHead(200, { 'content-length': archive.length }).write(archive.subarray(0, 100));
      setTimeout(() => response.destroy(), 20);
    });
    expect(await acquireReasons()).toEqual([`ended the connection after 100 of ${archive.length} bytes`]);
    expect(server.asked.filter((path) => path === archivePath)).toHaveLength(3);
  });

  test('a body that ends early without a length', async () => {
    const archive = await publishPrometheus();
    server.routes.set(archivePath, (_, response) => {
      response.writeHead(200).write(archive.subarray(0, 100));
      setTimeout(() => response.destroy(), 20);
    });
    expect(await acquireReasons()).toEqual(['ended the connection after 100 bytes']);
  });

  test('a connection that breaks once is tried again', async () => {
    const archive = await publishPrometheus();
    let isFirst = true;
    server.routes.set(archivePath, (_, response) => {
      response.writeHead(200, { 'content-length': archive.length });
      if (isFirst) setTimeout(() => response.destroy(), 20);
      response[isFirst ? 'write' : 'end'](isFirst ? archive.subarray(0, 100) : archive);
      isFirst = false;
    });
    const { program } = await place.store().acquire('prometheus', asking({ programSource: server.url }));
    expect(program?.version).toBe(version);
  });

  test('silence inside a body, and before an answer', async () => {
    await publishPrometheus();
    server.routes.set(archivePath, (_, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('half');
    });
    expect(await acquireReasons({ limits: { idleMs: 100 } })).toEqual(['fell silent for 0.1 s']);
    server.routes.set(sumsPath, () => undefined);
    expect(await acquireReasons({ limits: { answerMs: 100 } })).toEqual(['no answer within 0.1 s']);
  });

  test('a host that takes no connection, and asks it only once', async () => {
    const silent = await startSilentHost();
    try {
      const store = place.store({ limits: { connectMs: 300 } });
      const programSource = `http://127.0.0.1:${silent.port}`;
      const first = await store.acquire('prometheus', asking({ programSource }));
      expect(reasonsOf(first)).toEqual(['no connection within 0.3 s']);
      const second = await store.acquire('pushgateway', asking({ programSource }));
      expect(reasonsOf(second)).toEqual(['no connection within 0.3 s']);
    } finally {
      silent.end();
    }
  });

  test('a host that refuses, and names the proxy that is not used', async () => {
    const programSource = 'http://127.0.0.1:1';
    const store = place.store({ proxies: { HTTP_PROXY: 'http://proxy.example:3128' } });
    expect(reasonsOf(await store.acquire('prometheus', asking({ programSource })))).toEqual([
      'refuses the connection (ECONNREFUSED); the environment names a proxy (http_proxy), which is not used for release archives',
    ]);
  });

  test('no checksum for the archive', async () => {
    await publishPrometheus({ sums: `${'0'.repeat(64)}  something-else.tar.gz\n` });
    expect(await acquireReasons()).toEqual([`publishes no checksum for ${archiveName}, so it was not downloaded`]);
    expect(server.asked).not.toContain(archivePath);
  });

  test('a checksum without an archive', async () => {
    await publishPrometheus();
    server.routes.delete(archivePath);
    expect(await acquireReasons()).toEqual([`has no ${archivePath}`]);
  });

  test('redirects without end', async () => {
    server.routes.set(sumsPath, (_, response) => response.writeHead(302, { location: sumsPath }).end());
    expect(await acquireReasons()).toEqual(['redirects more than 5 times']);
  });

  test('an archive that is too large, announced or not', async () => {
    const archive = await publishPrometheus();
    const limits = { maxArchiveBytes: 100 };
    expect(await acquireReasons({ limits })).toEqual([
      `announces ${archive.length} bytes, more than the 100 that are taken`,
    ]);
    server.routes.set(archivePath, (_, response) => void response.writeHead(200).end(archive));
    expect(await acquireReasons({ limits })).toEqual(['sends more than the 100 bytes that are taken']);
  });

  test('an archive that unpacks to too much', async () => {
    await publishPrometheus();
    expect(await acquireReasons({ limits: { maxUnpackedBytes: 10 } })).toEqual([
      `${archiveName} holds more than 10 bytes`,
    ]);
  });

  test('a program of another version than its archive', async () => {
    publish(server, { package: 'prometheus', version, archive: await packPrometheus('HEAD', '3.13.0') });
    expect(await acquireReasons()).toEqual([`prometheus of ${archiveName} is version 3.13.0, not ${version}`]);
  });

  test('an archive without the program', async () => {
    publish(server, { package: 'prometheus', version, archive: await packArchive('top', { README: 'text' }) });
    expect(await acquireReasons()).toEqual([`${archiveName} holds no prometheus`]);
  });

  test('what is no HTTP', async () => {
    const noise = createServer((socket) => socket.end('220 mail.example ESMTP\r\n'));
    await new Promise<void>((resolve) => noise.listen(0, '127.0.0.1', resolve));
    const address = noise.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { passedOver } = await place
      .store()
      .acquire('prometheus', asking({ programSource: `http://127.0.0.1:${port}` }));
    expect(passedOver.find(({ source }) => source === `127.0.0.1:${port}`)?.reason).toContain('Parse Error');
    noise.close();
  });
});

describe('over HTTPS', () => {
  const key = () => readFile(join(place.directory, 'key.pem'), 'utf8');
  const cert = () => readFile(join(place.directory, 'cert.pem'), 'utf8');
  let secure: ReleaseServer;
  beforeEach(async () => {
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const files = ['-keyout', join(place.directory, 'key.pem'), '-out', join(place.directory, 'cert.pem')];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
        ...subject,
        ...files,
      ],
      { stdio: 'ignore' },
    );
    secure = await startReleaseServer({ key: await key(), cert: await cert() });
  });
  afterEach(() => secure.close());

  test('the layout of the release site is asked for, and a redirect inside HTTPS is followed', async () => {
    const directory = `/prometheus/prometheus/releases/download/v${version}/`;
    publish(secure, { package: 'prometheus', version, archive: await packPrometheus(), directory: '/elsewhere/' });
    for (const file of ['sha256sums.txt', archiveName]) {
      secure.routes.set(directory + file, (_, response) =>
        response.writeHead(302, { location: `/elsewhere/${file}` }).end(),
      );
    }
    const store = place.store({ certificateAuthority: await cert(), sites: { github: secure.url } });
    const { program, passedOver } = await store.acquire('prometheus', asking());
    expect(program?.origin).toBe(archiveName);
    expect(passedOver).toEqual([{ source: 'PATH', reason: 'has no prometheus' }]);
  });

  test('a certificate that nobody vouches for is no source', async () => {
    const store = place.store({ sites: { github: secure.url } });
    const { program, passedOver } = await store.acquire('prometheus', asking());
    expect(program).toBeUndefined();
    expect(passedOver[1]?.reason).toMatch(/self-signed certificate/);
    expect(secure.asked).toEqual([]);
  });

  test('a redirect away from HTTPS is not followed, and a site over plain HTTP is not asked', async () => {
    const path = `/prometheus/prometheus/releases/download/v${version}/sha256sums.txt`;
    secure.routes.set(path, (_, response) => response.writeHead(302, { location: `${server.url}/x` }).end());
    const certificateAuthority = await cert();
    const redirected = place.store({ certificateAuthority, sites: { github: secure.url } });
    expect(reasonsOf(await redirected.acquire('prometheus', asking()))).toEqual([
      `redirects away from HTTPS to 127.0.0.1:${server.port}`,
    ]);
    const plain = place.store({ sites: { github: server.url } });
    expect(reasonsOf(await plain.acquire('prometheus', asking()))).toEqual([
      'would be asked over http, and only HTTPS is taken',
    ]);
    expect(server.asked).toEqual([]);
  });
});
