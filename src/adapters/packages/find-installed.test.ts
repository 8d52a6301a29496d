import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fakeProgram, writePrograms } from './test-support/fake-programs.ts';
import { packArchive, publish, startReleaseServer } from './test-support/release-server.ts';
import { asking, createTestPlace, type TestPlace } from './test-support/test-store.ts';

let place: TestPlace;
beforeEach(async () => {
  place = await createTestPlace();
});
afterEach(() => place.remove());

const prometheus = (version: string) => fakeProgram({ name: 'prometheus', version });

async function fillCache(version: string): Promise<void> {
  const server = await startReleaseServer();
  const files = { prometheus: prometheus(version), promtool: fakeProgram({ name: 'promtool', version }) };
  publish(server, { package: 'prometheus', version, archive: await packArchive(`p-${version}`, files) });
  server.routes.set('/versions.json', JSON.stringify({ format: 1, versions: { prometheus: version } }));
  await place.store().acquire('prometheus', asking({ programSource: server.url, upgrade: true }));
  await server.close();
}

test('the newest of the cache and PATH', async () => {
  await writePrograms(place.bin, { prometheus: prometheus('3.1.0') });
  await fillCache('3.4.0');
  expect((await place.store().findInstalled('prometheus', undefined)).program).toMatchObject({
    version: '3.4.0',
    source: 'release',
  });
  await writePrograms(place.bin, { prometheus: prometheus('3.10.0') });
  expect((await place.store().findInstalled('prometheus', undefined)).program).toMatchObject({
    version: '3.10.0',
    source: 'path',
  });
});

test('the configured one alone, and why it is none', async () => {
  await writePrograms(place.bin, { prometheus: prometheus('3.10.0') });
  await writePrograms(place.directory, { 'opt/prometheus': prometheus('3.0.0'), 'opt/other': 'no program' });
  const find = (name: string) => place.store().findInstalled('prometheus', join(place.directory, 'opt', name));
  expect((await find('prometheus')).program).toMatchObject({ version: '3.0.0', source: 'config' });
  for (const name of ['other', 'missing']) {
    expect(await find(name)).toEqual({
      program: null,
      reason: expect.stringContaining(`opt/${name}, which programs.prometheus names, `) as string,
    });
  }
});

test('none, or one that is too old, is a reason; and no cache is made', async () => {
  const none = { program: null, reason: 'there is no prometheus in the cache or on the PATH of this user' };
  expect(await place.store().findInstalled('prometheus', undefined)).toEqual(none);
  await writePrograms(place.bin, { prometheus: prometheus('2.15.2') });
  expect(await place.store().findInstalled('prometheus', undefined)).toEqual(none);
  await rm(place.bin, { recursive: true });
  expect(await readdir(place.directory)).toEqual([]);
});
