/**
 * What the other components keep is checked as the bytes that they wrote: a real Alertmanager with silences and with
 * notifications that it sent, a real Pushgateway with groups, a SQLite database with and without a WAL. Every byte of them
 * is changed and every length is cut: nothing crashes, nothing hangs, and what the real program then refuses is never
 * called well. Whatever is given to a program is a copy: the files themselves stay as they are.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  findUnpackRoot,
  hasSystemTemplates,
  readsDebianTemplates,
  writeModifiedCopy,
} from '../../src/adapters/packages/debian-alertmanager.ts';
import { createPushgatewayLoader } from '../../src/adapters/pushgateway/pushgateway-loader.ts';
import { createSqliteReader } from '../../src/adapters/sqlite/sqlite-checker.ts';
import { checkAlertmanager } from '../../src/observations/component-data/check-alertmanager.ts';
import { checkComponentData, type DataCheckers } from '../../src/observations/component-data/check-component.ts';
import type { CheckedData } from '../../src/observations/component-data/data-findings.ts';
import { findTestProgram, missing } from '../../src/stack/find-test-program.ts';
import { endProcessesOf, sendSignal, waitUntilGone } from '../harness/end-processes.ts';
import { findProcessesNaming } from '../harness/find-processes.ts';
import { findFreePorts } from '../harness/free-ports.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';
import { waitFor } from '../harness/wait-for.ts';

const run = promisify(execFile);
const { signal } = new AbortController();
const alertmanager = findTestProgram('alertmanager', 'prometheus-alertmanager');
const pushgateway = findTestProgram('pushgateway', 'prometheus-pushgateway');
const sqlite = findTestProgram('sqlite3');
const noAlertmanager = missing(alertmanager, 'alertmanager');
const noPushgateway = missing(pushgateway, 'pushgateway');
const noSqlite = missing(sqlite, 'sqlite3');

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-component-data-'));
  // Copies that are made of files go where nobody else makes any.
  await mkdir(join(directory, 'tmp'));
  process.env['TMPDIR'] = join(directory, 'tmp');
  if (alertmanager !== undefined) runnable = await makeRunnable(alertmanager);
});
afterAll(async () => {
  await endProcessesOf(directory);
  await rm(directory, { recursive: true, force: true });
});

const errorsIn = ({ findings }: CheckedData) => findings.filter(({ severity }) => severity === 'error');
const rulesIn = ({ findings }: CheckedData) => findings.map(({ rule }) => rule);
const flip = (bytes: Buffer, at: number, mask: number) =>
  Buffer.concat([bytes.subarray(0, at), Buffer.from([(bytes[at] ?? 0) ^ mask]), bytes.subarray(at + 1)]);

/** Numbers that are the same in every run (Numerical Recipes, "An Even Quicker Generator"). */
function* numbersFrom(seed: number): Generator<number, never> {
  for (let state = seed >>> 0; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state >>> 8;
  }
}

describe.skipIf(noAlertmanager !== '')(`the data of Alertmanager${noAlertmanager}`, () => {
  let data = '';
  const files: Record<string, Buffer> = {};

  beforeAll(async () => {
    data = join(directory, 'alertmanager');
    await fillAlertmanager(data);
    for (const name of ['nflog', 'silences']) files[name] = await readFile(join(data, name));
  });

  async function checkWith(name: string, bytes: Buffer): Promise<CheckedData> {
    const place = join(directory, 'mutant');
    await mkdir(place, { recursive: true });
    for (const other of ['nflog', 'silences']) {
      await writeFile(join(place, other), other === name ? bytes : (files[other] ?? ''));
    }
    return checkAlertmanager(place);
  }

  test('as it wrote it is well, and is only read', async () => {
    const before = await snapshotTree(data);
    const checked = checkAlertmanager(data);
    expect(checked.findings).toEqual([]);
    expect(checked.bytes).toBe((files['nflog']?.length ?? 0) + (files['silences']?.length ?? 0));
    expect(files['nflog']?.length).toBeGreaterThan(50);
    expect(files['silences']?.length).toBeGreaterThan(300);
    expect(await snapshotTree(data)).toEqual(before);
  });

  test('cut anywhere is damaged, with the place', async () => {
    for (const [name, bytes] of Object.entries(files)) {
      const ends = new Set(frameEnds(bytes));
      for (let length = 1; length < bytes.length; length += 1) {
        const checked = await checkWith(name, bytes.subarray(0, length));
        const [first] = errorsIn(checked);
        if (ends.has(length)) expect(checked.findings).toEqual([]);
        else expect(first).toMatchObject({ rule: 'truncated', file: name, offset: expect.any(Number) });
      }
    }
  });

  test('zeros in the place of its end, and zeros alone, are told as such', async () => {
    const silences = files['silences'] ?? Buffer.alloc(0);
    const checked = await checkWith('silences', Buffer.concat([silences, Buffer.alloc(4096)]));
    expect(errorsIn(checked)).toMatchObject([{ rule: 'zero-filled', offset: silences.length }]);
    expect(rulesIn(await checkWith('nflog', Buffer.alloc(4096)))).toEqual(['zero-filled']);
    // An empty file is what an Alertmanager writes that knows nothing.
    expect((await checkWith('nflog', Buffer.alloc(0))).findings).toEqual([]);
  });

  test('with any one bit changed is read to its end, and garbage too', async () => {
    for (const [name, bytes] of Object.entries(files)) {
      for (let at = 0; at < bytes.length; at += 1) {
        for (const mask of [0x01, 0x80]) await checkWith(name, flip(bytes, at, mask));
      }
    }
    const numbers = numbersFrom(7);
    for (let round = 0; round < 500; round += 1) {
      const length = 1 + (numbers.next().value % 300);
      await checkWith('nflog', Buffer.from(Array.from({ length }, () => numbers.next().value & 0xff)));
    }
  });

  test('is never called well where the real one refuses to start on it', async () => {
    const numbers = numbersFrom(42);
    let refused = 0;
    for (let round = 0; round < 40; round += 1) {
      const name = round % 2 === 0 ? 'nflog' : 'silences';
      const bytes = files[name] ?? Buffer.alloc(0);
      const at = numbers.next().value % bytes.length;
      const mutant = round % 4 === 3 ? bytes.subarray(0, at) : flip(bytes, at, 1 << (numbers.next().value % 8));
      const checked = await checkWith(name, mutant);
      const place = join(directory, `real-${round}`);
      await cp(join(directory, 'mutant'), place, { recursive: true });
      const starts = await startAlertmanager(place);
      if (starts !== undefined) {
        await starts.stop();
        continue;
      }
      refused += 1;
      expect([round, name, at, errorsIn(checked).length > 0]).toEqual([round, name, at, true]);
    }
    expect(refused).toBeGreaterThan(5);
  });

  test('what is implausible is told although it can be parsed', async () => {
    const entry = (fields: string) => {
      const inner = Buffer.from(fields, 'hex');
      return Buffer.concat([Buffer.from([inner.length + 2, 0x0a, inner.length]), inner]);
    };
    // An entry without a receiver, and one whose receiver has no name.
    expect(errorsIn(await checkWith('nflog', entry('0a0161')))[0]?.message).toContain('no receiver');
    expect(errorsIn(await checkWith('nflog', entry('0a01611200')))[0]?.message).toContain('no name');
    // A field that nobody knows.
    const nflog = files['nflog'] ?? Buffer.alloc(0);
    const grown = Buffer.concat([Buffer.from([(nflog[0] ?? 0) + 2]), nflog.subarray(1), Buffer.from([0x78, 0x01])]);
    if ((nflog[0] ?? 0) < 126 && frameEnds(nflog).length === 1) {
      expect((await checkWith('nflog', grown)).findings).toMatchObject([
        { rule: 'unknown-record', severity: 'warning' },
      ]);
    }
  });
});

describe.skipIf(noPushgateway !== '')(`the data of Pushgateway${noPushgateway}`, () => {
  let data = '';
  let bytes: Buffer;
  const path = noPushgateway === '' ? join(pushgateway ?? '', '..') : '';
  const check = async (place: string, checkers = checkersWith(path)) =>
    checkComponentData(
      { component: 'pushgateway', directory: place, dataFile: 'pushgateway.data', program: null },
      checkers,
      signal,
    );

  beforeAll(async () => {
    data = join(directory, 'pushgateway');
    await fillPushgateway(data);
    bytes = await readFile(join(data, 'pushgateway.data'));
  });

  async function mutant(name: string, content: Buffer): Promise<string> {
    const place = join(directory, `pushgateway-${name}`);
    await mkdir(place);
    await writeFile(join(place, 'pushgateway.data'), content);
    return place;
  }

  test('is loaded by a real one from a copy, and its groups are counted', async () => {
    const before = await snapshotTree(data);
    const checked = await check(data);
    expect(checked.findings).toMatchObject([{ rule: 'loaded', severity: 'info' }]);
    expect(checked.findings[0]?.message).toContain('2 groups, 3 series');
    expect(await snapshotTree(data)).toEqual(before);
  });

  test('is damaged where a real one would start empty, and stays as it is', async () => {
    const mutants: readonly [string, Buffer][] = [
      ['cut', bytes.subarray(0, bytes.length - 5)],
      ['empty', Buffer.alloc(0)],
      ['zeros', Buffer.alloc(bytes.length)],
      // Within the value, which only Pushgateway itself can tell.
      ['inside', Buffer.concat([bytes.subarray(0, bytes.length - 40), Buffer.alloc(40, 0xff)])],
    ];
    for (const [name, content] of mutants) {
      const place = await mutant(name, content);
      const checked = await check(place);
      expect([name, errorsIn(checked).map(({ rule }) => rule)]).toEqual([name, ['bad-structure']]);
      expect(await readFile(join(place, 'pushgateway.data'))).toEqual(content);
    }
  });

  test('is not called checked where there is no Pushgateway', async () => {
    const checked = await check(data, checkersWith('/nonexistent'));
    expect(checked.findings).toMatchObject([{ rule: 'not-checked', severity: 'warning' }]);
    const none = join(directory, 'no-pushgateway');
    expect(errorsIn(await check(none))).toMatchObject([{ rule: 'missing' }]);
    await mkdir(none);
    expect((await check(none)).findings).toMatchObject([{ rule: 'no-data', severity: 'info' }]);
  });

  test('leaves no process and no copy behind', async () => {
    expect(await readdir(join(directory, 'tmp'))).toEqual([]);
    expect(await findProcessesNaming(join(directory, 'tmp'))).toEqual([]);
  });
});

describe.skipIf(noSqlite !== '')(`the data of Grafana${noSqlite}`, () => {
  const check = async (place: string, checkers = checkersWith(join(sqlite ?? '', '..'))) =>
    checkComponentData({ component: 'grafana', directory: place, dataFile: '', program: null }, checkers, signal);
  const sql = async (file: string, words: string) => run(sqlite ?? '', ['-batch', '-bail', file, words]);

  async function make(name: string, mode: 'wal' | 'delete'): Promise<string> {
    const place = join(directory, name);
    await mkdir(place);
    const rows =
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO dashboard(title) SELECT hex(randomblob(40)) FROM n;';
    const schema = `PRAGMA journal_mode=${mode}; CREATE TABLE dashboard(id INTEGER PRIMARY KEY, title TEXT); CREATE INDEX by_title ON dashboard(title); ${rows}`;
    await sql(join(place, 'grafana.db'), schema);
    return place;
  }

  test.each(['wal', 'delete'] as const)(
    'with journal_mode %s is well, and nothing is written beside it',
    async (mode) => {
      const place = await make(`grafana-${mode}`, mode);
      const before = await snapshotTree(place);
      const checked = await check(place);
      expect(checked.findings).toMatchObject([{ rule: 'loaded', severity: 'info' }]);
      expect(checked.findings[0]?.message).toContain('1 tables, 5000 rows');
      expect(await snapshotTree(place)).toEqual(before);
    },
  );

  test('is damaged where a page is overwritten, cut off, or is none', async () => {
    const place = await make('grafana-damaged', 'delete');
    const file = join(place, 'grafana.db');
    const whole = await readFile(file);
    await writeFile(file, Buffer.from(whole).fill(0x55, 4096 * 3, 4096 * 4));
    expect(errorsIn(await check(place)).length).toBeGreaterThan(0);
    await writeFile(file, whole);
    await truncate(file, whole.length - 4096 * 3);
    expect(errorsIn(await check(place)).length).toBeGreaterThan(0);
    await writeFile(file, Buffer.alloc(8192, 0x41));
    expect(errorsIn(await check(place))).toMatchObject([{ rule: 'bad-structure', file: 'grafana.db' }]);
    await writeFile(file, '');
    expect(errorsIn(await check(place))).toMatchObject([{ rule: 'truncated' }]);
  });

  test('what lies only in the WAL after a crash is checked with it, and left there', async () => {
    const place = await make('grafana-crashed', 'wal');
    const file = join(place, 'grafana.db');
    const writer = spawn(sqlite ?? '', ['-batch', file], { stdio: ['pipe', 'pipe', 'ignore'] });
    try {
      // What Grafana has committed and not checkpointed yet.
      writer.stdin.write(
        'CREATE TABLE playlist(id INTEGER PRIMARY KEY); INSERT INTO playlist VALUES (1); SELECT 42;\n',
      );
      await once(writer.stdout, 'data');
      const live = await check(place);
      expect(live.findings[0]?.message).toContain('2 tables');
    } finally {
      writer.kill('SIGKILL');
      await once(writer, 'exit');
    }
    const anHourAgo = Date.now() / 1000 - 3600;
    for (const path of [file, `${file}-wal`]) await utimes(path, anHourAgo, anHourAgo);
    const before = await snapshotTree(place);
    expect(Object.keys(before)).toContain('grafana.db-wal');
    expect((await check(place)).findings[0]?.message).toContain('2 tables');
    expect(await snapshotTree(place)).toEqual(before);
  });

  test('is not called checked where there is no SQLite', async () => {
    const place = await make('grafana-unchecked', 'delete');
    const checked = await check(place, checkersWith('/nonexistent'));
    expect(checked.findings).toMatchObject([{ rule: 'not-checked', severity: 'warning' }]);
  });
});

function checkersWith(path: string): DataCheckers {
  return {
    pushgateway: createPushgatewayLoader(path),
    sqlite: createSqliteReader({ path, now: Date.now }),
  };
}

/** Where each message ends, by the lengths before them. */
function frameEnds(bytes: Buffer): readonly number[] {
  const ends: number[] = [];
  for (let at = 0; at < bytes.length;) {
    let [length, shift] = [0, 0];
    for (let more = true; more; shift += 7, at += 1) {
      length |= ((bytes[at] ?? 0) & 0x7f) << shift;
      more = (bytes[at] ?? 0) >= 0x80;
    }
    at += length;
    ends.push(at);
  }
  return ends;
}

interface Started {
  readonly address: string;
  readonly stop: () => Promise<void>;
}

/** Undefined where it ends in the place of becoming ready. */
async function startAlertmanager(data: string, receiver = 'http://127.0.0.1:9/'): Promise<Started | undefined> {
  const config = `${data}.yml`;
  const route =
    'route: {receiver: test, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}';
  await writeFile(config, `${route}\nreceivers: [{name: test, webhook_configs: [{url: '${receiver}'}]}]\n`);
  const [port = 0] = await findFreePorts(1);
  const address = `http://127.0.0.1:${port}`;
  const words = [`--config.file=${config}`, `--storage.path=${data}`, `--web.listen-address=127.0.0.1:${port}`];
  return startProgram(runnable, [...words, '--cluster.listen-address='], address);
}

interface Runnable {
  readonly path: string;
  readonly cwd?: string;
}

let runnable: Runnable = { path: '' };

/** Debian's looks for its templates where nothing is when the package was only unpacked. */
async function makeRunnable(program: string): Promise<Runnable> {
  if (!(await readsDebianTemplates(program)) || (await hasSystemTemplates())) return { path: program };
  const [path, cwd] = [join(directory, 'alertmanager-program'), await findUnpackRoot(program)];
  await writeModifiedCopy(program, path);
  return cwd === undefined ? { path } : { path, cwd };
}

async function startProgram(
  { path, cwd = directory }: Runnable,
  words: readonly string[],
  address: string,
): Promise<Started | undefined> {
  const child = spawn(path, [...words], { stdio: 'ignore', cwd });
  const isReady = async () => (await fetch(`${address}/-/ready`).catch(() => undefined))?.status === 200;
  await waitFor(`${path} is ready or has ended`, async () => child.exitCode !== null || (await isReady()));
  if (child.exitCode !== null) return undefined;
  const { pid = 0 } = child;
  return {
    address,
    stop: async () => {
      sendSignal(pid, 'SIGTERM');
      await waitUntilGone(pid);
    },
  };
}

/** Silences of every kind of matcher, and a notification for each of three groups. */
async function fillAlertmanager(data: string): Promise<void> {
  await mkdir(data);
  let notified = 0;
  const receiver = createServer((incoming, response) => {
    incoming.resume().on('end', () => {
      notified += 1;
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const started = await startAlertmanager(data, `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`);
  if (started === undefined) throw new Error('Alertmanager did not start.');
  const post = async (path: string, body: unknown) => {
    const answer = await fetch(`${started.address}/api/v2/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  const [startsAt, endsAt] = [0, 3_600_000].map((ms) => new Date(Date.now() + ms).toISOString());
  for (const [isRegex, isEqual] of [
    [false, true],
    [true, true],
    [false, false],
    [true, false],
  ]) {
    const matchers = [{ name: 'instance', value: 'höst-1', isRegex, isEqual }];
    await post('silences', {
      matchers: [...matchers, { name: 'job', value: 'x', isRegex: false, isEqual: true }],
      startsAt,
      endsAt,
      createdBy: 'ada',
      comment: 'maintenance',
    });
  }
  await post(
    'alerts',
    ['one', 'two', 'three'].map((alertname) => ({ labels: { alertname, severity: 'page' }, startsAt })),
  );
  await waitFor('three notifications', () => Promise.resolve(notified >= 3));
  await started.stop();
  receiver.close();
}

async function fillPushgateway(data: string): Promise<void> {
  await mkdir(data);
  const [port = 0] = await findFreePorts(1);
  const address = `http://127.0.0.1:${port}`;
  const words = [`--web.listen-address=127.0.0.1:${port}`, `--persistence.file=${join(data, 'pushgateway.data')}`];
  const started = await startProgram({ path: pushgateway ?? '' }, words, address);
  if (started === undefined) throw new Error('Pushgateway did not start.');
  for (const [path, body] of [
    ['job/batch/instance/i', 'one 1\ntwo{x="1"} 2\n'],
    ['job/other', '# TYPE three counter\nthree 3\n'],
  ]) {
    const answer = await fetch(`${address}/metrics/${path}`, { method: 'PUT', body: body ?? '' });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  }
  await started.stop();
  await utimes(data, new Date(), new Date());
}
