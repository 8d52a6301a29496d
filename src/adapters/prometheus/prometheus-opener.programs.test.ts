/** A Prometheus that is started for one look lets in nobody but whoever started it, and is gone afterwards. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OpeningDoor } from '../../model/opening-door.ts';
import { findTestProgram, missing } from '../../stack/find-test-program.ts';
import { createProcesses } from '../processes/linux-processes.ts';
import { createPrometheusOpener } from './prometheus-opener.ts';

const prometheus = findTestProgram('prometheus');
const { signal } = new AbortController();

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-opener-'));
});
afterEach(async () => rm(directory, { recursive: true }));

const skip = missing(prometheus, 'prometheus');

describe.skipIf(skip !== '')(`a Prometheus for one look${skip}`, () => {
  test('asks for a password that nobody else can know', async () => {
    await writeFile(join(directory, 'prometheus.yml'), '');
    let door: OpeningDoor = { port: 0, webConfigFile: '' };
    const order = {
      program: prometheus ?? '',
      directory,
      logFile: join(directory, 'log'),
      argumentsFor: (given: OpeningDoor) => {
        door = given;
        return [
          `--config.file=${join(directory, 'prometheus.yml')}`,
          `--storage.tsdb.path=${join(directory, 'data')}`,
          `--web.listen-address=127.0.0.1:${given.port}`,
          `--web.config.file=${given.webConfigFile}`,
        ];
      },
    };
    const opening = await createPrometheusOpener(createProcesses()).open(
      order,
      async (reader) => {
        const answered = await fetch(`http://127.0.0.1:${door.port}/metrics`);
        const guessed = await fetch(`http://127.0.0.1:${door.port}/metrics`, {
          headers: { authorization: `Basic ${Buffer.from('holdfast:holdfast').toString('base64')}` },
        });
        return { statuses: [answered.status, guessed.status], blocks: await reader.countBlocks(signal) };
      },
      signal,
    );
    expect(opening).toMatchObject({ state: 'answered', answer: { statuses: [401, 401], blocks: 0 } });
    expect((await stat(door.webConfigFile)).mode & 0o777).toBe(0o600);
    expect(await readFile(door.webConfigFile, 'utf8')).toMatch(/^basic_auth_users:\n {2}holdfast: \$2[ab]\$04\$\S+\n$/);
    await expect(fetch(`http://127.0.0.1:${door.port}/metrics`)).rejects.toThrow();
  });
});
