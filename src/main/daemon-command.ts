import { fileURLToPath } from 'node:url';
import type { HostProcess } from './host-process.ts';

/**
 * What a daemon reads is garbage a moment later, and V8 would let 16 MiB of it gather before it looks: 15 MB of resident
 * memory for nothing (docs/bench.md).
 */
const nodeFlags = ['--max-semi-space-size=1'];

/** The command that runs the daemon of a data root: this very program again. */
export function daemonCommand(dataRoot: string, { mainFile }: HostProcess) {
  return { path: process.execPath, arguments: [...nodeFlags, fileURLToPath(mainFile), '--data', dataRoot, 'daemon'] };
}

const kept = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'XDG_RUNTIME_DIR',
  'XDG_CACHE_HOME',
  'XDG_DATA_HOME',
];

/** What a daemon needs of the environment; nothing else of the user's shell goes into a process that stays. */
export function daemonEnvironment({ environment }: HostProcess): Readonly<Record<string, string>> {
  return Object.fromEntries(
    kept.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
