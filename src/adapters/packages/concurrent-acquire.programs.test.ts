import { build } from 'esbuild';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fakeProgram } from './test-support/fake-programs.ts';
import { packArchive, publish, startReleaseServer, type ReleaseServer } from './test-support/release-server.ts';
import { asking, createTestPlace, type TestPlace } from './test-support/test-store.ts';

let place: TestPlace;
let server: ReleaseServer;
let script = '';
beforeEach(async () => {
  place = await createTestPlace();
  server = await startReleaseServer();
  script = join(place.directory, 'acquire.mjs');
  await bundle();
});
afterEach(async () => {
  await server.close();
  await place.remove();
});

/** A process of its own that gets prometheus into the test's cache and prints what came of it, a line for each event. */
async function bundle(): Promise<void> {
  const source = `
    import { createProgramStore } from ${JSON.stringify(join(import.meta.dirname, 'local-program-store.ts'))};
    import { asking, storeOptions } from ${JSON.stringify(join(import.meta.dirname, 'test-support/test-store.ts'))};
    const [cacheRoot, bin, programSource] = process.argv.slice(2);
    const onProgress = (progress) => console.log(JSON.stringify({ progress }));
    const { program, passedOver } = await createProgramStore(storeOptions(cacheRoot, bin)).acquire(
      'prometheus', asking({ programSource, onProgress }));
    console.log(JSON.stringify({ sha256: program?.sha256 ?? null, passedOver }));`;
  await build({
    stdin: { contents: source, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: script,
    logLevel: 'error',
    banner: {
      js: "import { createRequire as __hfCreateRequire } from 'node:module'; const require = __hfCreateRequire(import.meta.url);",
    },
  });
}

const arguments_ = () => [script, place.cacheRoot, place.bin, server.url];

async function publishPrometheus(delay: number): Promise<void> {
  const prometheus = fakeProgram({ name: 'prometheus', version: '3.14.0', delay });
  // Something that does not compress, so that there are several pieces to be between.
  const ballast = Array.from({ length: 40_000 }, (_, index) => (index * index * 2_654_435_761).toString(36)).join('');
  const files = { prometheus, promtool: fakeProgram({ name: 'promtool', version: '3.14.0' }), LICENSE: ballast };
  publish(server, { package: 'prometheus', version: '3.14.0', archive: await packArchive('top', files) });
}

test('two at once do not fight: one downloads, the other waits, says so, and uses what it finds', async () => {
  await publishPrometheus(0.3);
  const runs = [1, 2].map(() => promisify(execFile)(process.execPath, arguments_(), { timeout: 60_000 }));
  const lines = (await Promise.all(runs)).map(({ stdout }) => stdout.trim().split('\n'));
  const results = lines.map((output) => JSON.parse(output.at(-1) ?? '') as { sha256: string | null });
  expect(results[0]?.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(results[1]?.sha256).toBe(results[0]?.sha256);
  expect(server.asked.filter((path) => path.endsWith('.tar.gz'))).toHaveLength(1);
  expect(lines.flat().filter((line) => /process \d+, which fills the same cache/.test(line))).toHaveLength(1);
  expect(await place.listLeftovers()).toEqual([]);
});

test('two at once in one process do not fight either', async () => {
  await publishPrometheus(0);
  const store = place.store();
  const acquired = await Promise.all(
    [1, 2, 3].map(() => store.acquire('prometheus', asking({ programSource: server.url }))),
  );
  expect(new Set(acquired.map(({ program }) => program?.sha256)).size).toBe(1);
  expect(server.asked.filter((path) => path.endsWith('.tar.gz'))).toHaveLength(1);
});

describe('killed with SIGKILL, the next one finishes', () => {
  test.each([
    ['in the middle of the download', 'downloads', /\.tar\.gz$/],
    ['when the archive is unpacked', 'entries', /tmp-for-creation\/root\/prometheus$/],
    ['while the programs are asked what they are', 'entries', /tmp-for-creation\/root\/LICENSE$/],
    ['when the record is written', 'entries', /tmp-for-creation\/installed\.json$/],
    ['when the ledger is written', 'ledger', /\.json/],
    ['as soon as it has its name', 'entries', /^release-[^/]*(?:amd|arm)64$/],
    ['when it holds the lock', '', /^lock-[0-9a-f]+\.json$/],
  ])('%s', async (_, part, pattern) => {
    await publishPrometheus(0.05);
    const child = spawn(process.execPath, arguments_(), { stdio: 'ignore' });
    await untilSeen(child, join(place.cacheRoot, part), pattern);
    await kill(child);
    await expectWholeAfterwards();
  });

  test('at moments spread over the whole of it', async () => {
    await publishPrometheus(0.05);
    for (let waitMs = 100; waitMs <= 900; waitMs += 100) {
      const child = spawn(process.execPath, arguments_(), { stdio: 'ignore' });
      await sleep(waitMs);
      await kill(child);
      await expectWholeAfterwards();
      await place.store().purge();
    }
  });
});

test('a half-made entry that looks whole is never taken', async () => {
  await publishPrometheus(0);
  const store = place.store();
  const { program } = await store.acquire('prometheus', asking({ programSource: server.url }));
  await writeFile(program?.path ?? '', (await import('node:fs')).readFileSync(program?.path ?? '').subarray(0, 40));
  await expectWholeAfterwards();
});

async function expectWholeAfterwards(): Promise<void> {
  const { program } = await place.store().acquire('prometheus', asking({ programSource: server.url }));
  expect(program).toMatchObject({ version: '3.14.0', source: 'release' });
  expect(program === undefined ? undefined : await place.store().find(program, undefined)).toEqual(program);
  expect(await place.store().acquire('promtool', asking())).toMatchObject({ program: { version: '3.14.0' } });
}

/** Looks as often as it can; a child that has ended before anything was seen is as good a moment as any. */
async function untilSeen(child: ChildProcess, directory: string, pattern: RegExp): Promise<void> {
  while (child.exitCode === null) {
    const names = await readdir(directory, { recursive: part(directory) }).catch(() => []);
    if (names.some((name) => pattern.test(name))) return;
  }
}

function part(directory: string): boolean {
  return directory !== place.cacheRoot;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
