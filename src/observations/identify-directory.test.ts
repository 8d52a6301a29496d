import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hasCode } from '../errors/holdfast-error.ts';
import { identifyDirectory } from './identify-directory.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-identify-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function put(path: string, content: string | Buffer = ''): Promise<void> {
  await mkdir(dirname(join(directory, path)), { recursive: true });
  await writeFile(join(directory, path), content);
}

const block = '01HF2Q7B1Z3V9Q0W8YJ5K6M7N8';
/** The first bytes of a file that Pushgateway 1.5.1 wrote. */
const gob = Buffer.concat([
  Buffer.from('29ff8d0401011847', 'hex'),
  Buffer.from('roupingKeyToMetricGroup'),
  Buffer.alloc(20),
]);

test.each([
  ['a data directory with blocks', `${block}/meta.json`, 'prometheus', ''],
  ['one with nothing but a WAL', 'wal/00000012', 'prometheus', ''],
  ['one whose block has lost its meta.json', `${block}/index`, 'prometheus', ''],
  ['one whose block has nothing but chunks', `${block}/chunks/000001`, 'prometheus', ''],
  ['one whose block came through a file system without capitals', `${block.toLowerCase()}/meta.json`, 'prometheus', ''],
  ['a volume of the Prometheus chart', `prometheus-db/${block}/meta.json`, 'prometheus', 'prometheus-db'],
  ['an Alertmanager', 'nflog', 'alertmanager', ''],
  ['a volume of the Alertmanager chart', 'alertmanager-db/silences', 'alertmanager', 'alertmanager-db'],
])('%s', async (_, path, kind, below) => {
  await put(path);
  const dataDirectory = join(directory, below);
  expect(await identifyDirectory(directory)).toMatchObject({ kind, dataDirectory, dataFile: null });
});

test('Grafana by its database, and only by a real one', async () => {
  await put('grafana.db', 'not a database at all');
  expect(await identifyDirectory(directory)).toBeUndefined();
  await put('grafana.db', 'SQLite format 3\0...');
  expect(await identifyDirectory(directory)).toMatchObject({ kind: 'grafana', dataDirectory: directory });
});

test('Pushgateway by its file, whatever its name; two of them are not one', async () => {
  await put('metrics.bin', gob);
  await put('README', 'GroupingKey');
  expect(await identifyDirectory(directory)).toMatchObject({ kind: 'pushgateway', dataFile: 'metrics.bin' });
  await put('metrics-old.bin', gob);
  expect(await identifyDirectory(directory)).toBeUndefined();
  await put('pushgateway.data', gob);
  expect(await identifyDirectory(directory)).toMatchObject({ kind: 'pushgateway', dataFile: 'pushgateway.data' });
});

test('more than one thing is a refusal that names both', async () => {
  await put(`prometheus-db/${block}/meta.json`);
  await put('alertmanager-db/silences');
  const error: unknown = await identifyDirectory(directory).catch((thrown: unknown) => thrown);
  expect(hasCode(error, 'not-adoptable') && error.message).toMatch(/prometheus.*alertmanager/);
});

test.each([
  ['a TSDB below another one', `prometheus-db/${block}/meta.json`, 'prometheus'],
  ['a WAL below', 'data/wal/00000000', 'prometheus'],
  ['data of another component', 'alertmanager-db/nflog', 'alertmanager'],
])('%s is a refusal that names both places', async (_, path, kind) => {
  await put(`${block}/meta.json`);
  await put(path);
  const error: unknown = await identifyDirectory(directory).catch((thrown: unknown) => thrown);
  if (!hasCode(error, 'ambiguous-directory')) throw error;
  const lower = join(directory, path.slice(0, path.indexOf('/')));
  expect(error.details['dataDirectories']).toEqual([directory, lower]);
  expect(error.message).toMatch(
    new RegExp(`^${directory} holds data of prometheus .*${lower} below it.*, of ${kind}.*Nothing was changed`),
  );
  expect(error.remedy).toContain(lower);
});

test('nothing known, nothing at all, and a symlink to data are nothing', async () => {
  expect(await identifyDirectory(directory)).toBeUndefined();
  await put(`elsewhere/x/${block}/meta.json`);
  await symlink(join(directory, 'elsewhere/x'), join(directory, 'prometheus-db'));
  expect(await identifyDirectory(directory)).toBeUndefined();
  const missing: unknown = await identifyDirectory(join(directory, 'no')).catch((thrown: unknown) => thrown);
  expect(hasCode(missing, 'io')).toBe(true);
});
