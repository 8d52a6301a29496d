import { constants } from 'node:fs';
import { access, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { writeOneTimeLogin } from '../http/one-time-login.ts';
import type { Credentials } from '../http/request.ts';
import { findFreePort } from '../processes/free-port.ts';
import { createPushgatewayClient } from './pushgateway-client.ts';
import { findFaultInPushgatewayFile } from './pushgateway-file.ts';
import type { LoadedPushgatewayFile, PushgatewayLoader, PushgatewayProgram } from './pushgateway-loader-reader.ts';

const readyWithinMs = 30_000;
const names = ['pushgateway', 'prometheus-pushgateway'];

/**
 * Only a real Pushgateway knows whether it can read its file; but one that cannot starts empty and overwrites it. So it gets
 * a copy, on the loopback and a port of its own with a password, and is killed before it can write anything of worth.
 */
export function createPushgatewayLoader(environmentPath: string): PushgatewayLoader {
  return {
    findFault: findFaultInPushgatewayFile,
    load: async (file, program, signal) => {
      const found = program ?? (await findOnPath(environmentPath));
      if (found === undefined) return { state: 'not-asked', reason: 'there is no program of Pushgateway on this host' };
      const folder = await mkdtemp(join(tmpdir(), 'holdfast-pushgateway-'));
      try {
        const copy = join(folder, 'pushgateway.data');
        await copyFile(file, copy, constants.COPYFILE_EXCL);
        return await ask(found, { folder, copy }, signal);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

interface CopyPlace {
  readonly folder: string;
  readonly copy: string;
}

async function ask(
  program: PushgatewayProgram,
  { folder, copy }: CopyPlace,
  signal: AbortSignal,
): Promise<LoadedPushgatewayFile> {
  const address = `127.0.0.1:${await findFreePort()}`;
  const { credentials, webConfigFile } = await writeOneTimeLogin(folder);
  const web = [`--web.listen-address=${address}`, `--web.config.file=${webConfigFile}`];
  const words = [...web, `--persistence.file=${copy}`, '--persistence.interval=24h'];
  const child = execa(program.path, [...words, ...program.arguments], {
    cwd: program.workingDirectory ?? folder,
    env: { PATH: '/usr/bin:/bin', HOME: folder, LC_ALL: 'C.UTF-8' },
    extendEnv: false,
    stdin: 'ignore',
    all: true,
    reject: false,
    maxBuffer: 4 * 2 ** 20,
    cancelSignal: signal,
    forceKillAfterDelay: 500,
  });
  let log = '';
  const ended = { now: false };
  void child.then(() => (ended.now = true));
  child.all.on('data', (piece: Buffer) => (log = (log + piece.toString('utf8')).slice(-(2 ** 20))));
  try {
    return await readAnswers({ address, credentials, log: () => log, hasEnded: () => ended.now }, signal);
  } finally {
    child.kill('SIGKILL');
    await child;
  }
}

interface Running {
  readonly address: string;
  readonly credentials: Credentials;
  readonly log: () => string;
  readonly hasEnded: () => boolean;
}

async function readAnswers(
  { address, credentials, log, hasEnded }: Running,
  signal: AbortSignal,
): Promise<LoadedPushgatewayFile> {
  const endpoint = { name: 'pushgateway', address: `http://${address}`, credentials };
  const client = createPushgatewayClient(endpoint);
  const deadline = performance.now() + readyWithinMs;
  while (!(await client.isReady(signal))) {
    signal.throwIfAborted();
    const complaint = complaintIn(log());
    if (complaint !== undefined) return { state: 'refused', reason: complaint };
    if (hasEnded()) return { state: 'not-asked', reason: `it ended at once: ${lastLine(log())}` };
    if (performance.now() > deadline) return { state: 'not-asked', reason: 'it did not become ready' };
    await sleep(50, undefined, { signal });
  }
  const complaint = complaintIn(log());
  if (complaint !== undefined) return { state: 'refused', reason: complaint };
  if (hasEnded()) return { state: 'not-asked', reason: 'another process answers on its port' };
  try {
    const [version, groups] = [await client.version(signal), await client.listGroups(signal)];
    return { state: 'loaded', version, groups };
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'component-api') throw error;
    return { state: 'refused', reason: `it cannot tell what it has loaded: ${error.message}` };
  }
}

/** Its words for it since version 0.4; the case of them has changed. */
function complaintIn(log: string): string | undefined {
  const line = log.split('\n').find((one) => /could not load persisted metrics/i.test(one));
  if (line === undefined) return undefined;
  const reason = /err(?:or)?=("(?:[^"\\]|\\.)*"|\S+)/.exec(line)?.[1];
  return `it could not load its metrics: ${(reason ?? line).replace(/^"|"$/g, '').slice(0, 300)}`;
}

function lastLine(log: string): string {
  return log.trimEnd().split('\n').at(-1)?.slice(0, 300) ?? '';
}

async function findOnPath(environmentPath: string): Promise<PushgatewayProgram | undefined> {
  for (const directory of environmentPath.split(delimiter).filter((one) => one !== '')) {
    for (const name of names) {
      const path = join(directory, name);
      const isThere = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (isThere) return { path, workingDirectory: null, arguments: [] };
    }
  }
  return undefined;
}
