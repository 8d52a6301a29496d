import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { createProgramStore } from '../adapters/packages/local-program-store.ts';
import type { ProgramStore } from '../adapters/packages/program-store.ts';
import type { Processes } from '../adapters/processes/processes.ts';
import type { HostProcess } from './host-process.ts';

const proxyNames = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];

/** The cache of programs of this user. */
export function openPrograms({ environment }: HostProcess, processes: Processes): ProgramStore {
  const cacheHome = environment['XDG_CACHE_HOME'] ?? '';
  const base = isAbsolute(cacheHome) ? cacheHome : join(environment['HOME'] ?? homedir(), '.cache');
  return createProgramStore({
    cacheRoot: join(base, 'holdfast', 'programs'),
    environmentPath: environment['PATH'] ?? '',
    architecture: process.arch,
    userId: process.getuid?.() ?? 0,
    now: Date.now,
    randomId: () => randomBytes(8).toString('hex'),
    processes,
    proxies: Object.fromEntries(
      proxyNames.flatMap((name) => {
        const value = environment[name];
        return value === undefined || value === '' ? [] : [[name, value]];
      }),
    ),
  });
}
