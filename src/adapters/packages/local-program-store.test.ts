import { chmod, mkdir, readdir, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hasCode } from '../../errors/holdfast-error.ts';
import type { InstalledProgram, ProgramPin } from '../../model/program.ts';
import { fakeProgram, writePrograms } from './test-support/fake-programs.ts';
import { packArchive, publish, startReleaseServer, type ReleaseServer } from './test-support/release-server.ts';
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

const prometheus = (version: string, build = 'HEAD') => fakeProgram({ name: 'prometheus', version, build });
const promtool = (version: string) => fakeProgram({ name: 'promtool', version });

async function publishPrometheus(version: string, build?: string): Promise<void> {
  const files = { prometheus: prometheus(version, build), promtool: promtool(version) };
  publish(server, { package: 'prometheus', version, archive: await packArchive(`p-${version}`, files) });
  server.routes.set('/versions.json', JSON.stringify({ format: 1, versions: { prometheus: version } }));
}

async function get(
  name: InstalledProgram['name'],
  options: Parameters<typeof asking>[0] = {},
): Promise<InstalledProgram> {
  const acquired = await place.store().acquire(name, asking({ programSource: server.url, ...options }));
  if (acquired.program === undefined) throw new Error(JSON.stringify(acquired.passedOver));
  return acquired.program;
}

describe('the order for a new stack', () => {
  test('the configured path, and nothing else', async () => {
    await publishPrometheus('3.14.0');
    await writePrograms(place.directory, { 'opt/prom': prometheus('3.0.0') });
    await writePrograms(place.bin, { prometheus: prometheus('3.13.0') });
    const path = join(place.directory, 'opt/prom');
    expect(await get('prometheus', { configured: path })).toMatchObject({ version: '3.0.0', source: 'config', path });
    expect(server.asked).toEqual([]);
  });

  test('the cache before PATH, the newest of it', async () => {
    await publishPrometheus('3.13.0');
    await get('prometheus');
    await publishPrometheus('3.14.0');
    await get('prometheus', { upgrade: true });
    await writePrograms(place.bin, { prometheus: prometheus('3.20.0') });
    expect(await get('prometheus')).toMatchObject({ version: '3.14.0', source: 'release' });
  });

  test('PATH before the release site, by the names that distributions use', async () => {
    await writePrograms(place.bin, {
      'prometheus-node-exporter': fakeProgram({ name: 'node_exporter', version: '1.5.0' }),
      'prometheus-pushgateway': fakeProgram({ name: 'pushgateway', version: '1.5.1' }),
    });
    const exporter = await get('node_exporter');
    expect(exporter).toMatchObject({ version: '1.5.0', source: 'path', flags: ['help', 'web.config.file'] });
    expect(exporter.path).toBe(join(place.bin, 'prometheus-node-exporter'));
    expect((await get('pushgateway')).source).toBe('path');
    expect(server.asked).toEqual([]);
  });

  test('a program on PATH that is too old or another one is passed over by name', async () => {
    await publishPrometheus('3.14.0');
    await writePrograms(place.bin, { prometheus: prometheus('2.15.2') });
    const { program, passedOver } = await place.store().acquire('prometheus', asking({ programSource: server.url }));
    expect(program?.source).toBe('release');
    const path = join(place.bin, 'prometheus');
    expect(passedOver).toEqual([
      { source: 'PATH', reason: `${path} is version 2.15.2, older than the 2.31.0 that is needed` },
    ]);
  });

  test('promtool comes from where prometheus came from, even where the cache holds another', async () => {
    await publishPrometheus('3.14.0');
    await get('prometheus');
    await writePrograms(place.directory, { 'opt/prometheus': prometheus('3.1.0'), 'opt/promtool': promtool('3.1.0') });
    const store = place.store();
    await store.acquire('prometheus', asking({ configured: join(place.directory, 'opt/prometheus') }));
    const { program } = await store.acquire('promtool', asking());
    expect(program).toMatchObject({ version: '3.1.0', path: join(place.directory, 'opt/promtool') });
    expect(program === undefined ? undefined : await place.store().find(program, undefined)).toEqual(program);
  });

  test('nothing anywhere names every source', async () => {
    const { program, passedOver } = await place.store().acquire('prometheus', asking());
    expect(program).toBeUndefined();
    expect(passedOver).toEqual([
      { source: 'PATH', reason: 'has no prometheus' },
      { source: '127.0.0.1:1', reason: 'refuses the connection (ECONNREFUSED)' },
      { source: 'Debian packages', reason: 'this machine has no apt-get and dpkg' },
    ]);
  });
});

describe('a configured path', () => {
  test.each([
    ['that is missing', 'gone', /gone is not there/],
    ['of another program', 'other', /other does not say that it is prometheus/],
    ['that is not absolute', undefined, /is not an absolute path/],
  ])('%s is a mistake in the config', async (_, name, reason) => {
    await writePrograms(place.directory, { other: promtool('3.14.0') });
    const configured = name === undefined ? 'prometheus' : join(place.directory, name);
    const refusal = get('prometheus', { configured });
    await expect(refusal).rejects.toSatisfy((error) => hasCode(error, 'bad-config'));
    await expect(refusal).rejects.toThrow(reason);
  });

  test('of another version than the pinned one is only taken as an upgrade', async () => {
    await writePrograms(place.directory, { old: prometheus('3.13.0'), new: prometheus('3.14.0') });
    const pin = await get('prometheus', { configured: join(place.directory, 'old') });
    const configured = join(place.directory, 'new');
    await expect(get('prometheus', { configured, pin })).rejects.toSatisfy((error) => hasCode(error, 'bad-config'));
    expect((await get('prometheus', { configured, pin, upgrade: true })).version).toBe('3.14.0');
  });
});

describe('a pinned version', () => {
  test('is the only one that will do, also where newer ones are at hand', async () => {
    await publishPrometheus('3.13.0');
    const pin = await get('prometheus');
    await publishPrometheus('3.14.0');
    await get('prometheus', { upgrade: true });
    expect(await get('prometheus', { pin })).toEqual(pin);
    await place.store().purge();
    expect((await get('prometheus', { pin })).sha256).toBe(pin.sha256);
  });

  test('from another source may have other bytes: that is for the caller to show', async () => {
    await publishPrometheus('3.14.0');
    const pin: ProgramPin = { ...(await get('prometheus')), source: 'debian', sha256: '0'.repeat(64) };
    expect(await place.store().find(pin, undefined)).toBeUndefined();
    expect(await get('prometheus', { pin })).toMatchObject({ version: '3.14.0', source: 'release' });
  });

  test('that PATH does not have any more is not replaced by what it has', async () => {
    await writePrograms(place.bin, { prometheus: prometheus('3.10.0') });
    const pin = await get('prometheus');
    await writePrograms(place.bin, { prometheus: prometheus('3.11.0') });
    const { program, passedOver } = await place.store().acquire('prometheus', asking({ pin }));
    expect(program).toBeUndefined();
    expect(passedOver[0]?.reason).toBe(`${join(place.bin, 'prometheus')} is version 3.11.0, not 3.10.0`);
  });
});

describe('an upgrade', () => {
  test('takes the newest of PATH and the release site, and otherwise keeps what is pinned', async () => {
    await publishPrometheus('3.13.0');
    const pin = await get('prometheus');
    expect(await get('prometheus', { pin, upgrade: true })).toEqual(pin);
    await writePrograms(place.bin, { prometheus: prometheus('3.14.0') });
    expect(await get('prometheus', { pin, upgrade: true })).toMatchObject({ version: '3.14.0', source: 'path' });
    await publishPrometheus('3.15.0');
    expect(await get('prometheus', { pin, upgrade: true })).toMatchObject({ version: '3.15.0', source: 'release' });
  });

  test('never goes back', async () => {
    await publishPrometheus('3.14.0');
    const pin = await get('prometheus');
    await publishPrometheus('3.9.0');
    await writePrograms(place.bin, { prometheus: prometheus('3.2.0') });
    expect(await get('prometheus', { pin, upgrade: true })).toEqual(pin);
  });
});

describe('find', () => {
  test('sees that a file was changed, and that it was only touched', async () => {
    await publishPrometheus('3.14.0');
    const pin = await get('prometheus');
    await utimes(pin.path, 1, 1);
    expect(await place.store().find(pin, undefined)).toEqual(pin);
    const { size } = await stat(pin.path);
    await writeFile(pin.path, 'x'.repeat(size));
    await utimes(pin.path, 1, 1);
    expect(await place.store().find(pin, undefined)).toBeUndefined();
  });

  test('looks only where the config says, if it says so', async () => {
    await writePrograms(place.bin, { prometheus: prometheus('3.10.0') });
    await writePrograms(place.directory, { other: prometheus('3.10.0', 'other') });
    const pin = await get('prometheus');
    const store = place.store();
    expect(await store.find(pin, undefined)).toEqual(pin);
    expect(await store.find(pin, join(place.directory, 'other'))).toBeUndefined();
    expect((await store.find(pin, pin.path))?.path).toBe(pin.path);
  });

  test('makes nothing where there is no cache', async () => {
    const pin: ProgramPin = {
      name: 'prometheus',
      version: '3.14.0',
      source: 'release',
      sha256: '0'.repeat(64),
      origin: 'prometheus-3.14.0.linux-amd64.tar.gz',
      modified: false,
    };
    expect(await place.store().find(pin, undefined)).toBeUndefined();
    expect(await readdir(place.directory)).toEqual([]);
  });
});

describe('the cache', () => {
  test('that others can write to, or that is theirs, is refused', async () => {
    await mkdir(place.cacheRoot, { recursive: true });
    await chmod(place.cacheRoot, 0o775);
    const refusal = place.store().acquire('prometheus', asking());
    await expect(refusal).rejects.toThrow(/can be written to by others/);
    await chmod(place.cacheRoot, 0o700);
    const userId = (process.getuid?.() ?? 0) + 1;
    await expect(place.store({ userId }).acquire('prometheus', asking())).rejects.toThrow(/belongs to user/);
    await mkdir(join(place.directory, 'elsewhere'));
    await symlink(join(place.directory, 'elsewhere'), join(place.cacheRoot, 'entries'));
    await expect(place.store().acquire('prometheus', asking())).rejects.toThrow(/entries is not a directory/);
  });

  test('with records and locks that cannot be read is filled again', async () => {
    await publishPrometheus('3.14.0');
    const before = await get('prometheus');
    const [entry] = await readdir(join(place.cacheRoot, 'entries'));
    await writeFile(join(place.cacheRoot, 'entries', entry ?? '', 'installed.json'), '{"format": 1');
    await writeFile(join(place.cacheRoot, 'entries/release-x'), 'a file');
    const [tag] = (await readdir(join(place.cacheRoot, 'stamps'))).concat('none');
    await writeFile(join(place.cacheRoot, 'stamps', tag ?? ''), 'torn');
    expect((await get('prometheus')).sha256).toBe(before.sha256);
  });

  test('is removed with all that was put there, and nothing else', async () => {
    await publishPrometheus('3.14.0');
    await get('prometheus');
    await place.store().purge();
    expect(await readdir(join(place.cacheRoot, '..'))).toEqual([]);
    await get('prometheus');
    await writeFile(join(place.cacheRoot, 'notes.txt'), 'mine');
    await place.store().purge();
    expect(await readdir(place.cacheRoot)).toEqual(['notes.txt']);
    await place.store().purge();
  });
});
