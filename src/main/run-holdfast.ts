import { hostname, userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandContext } from '../cli/command.ts';
import { runCommandLine, wantsJson } from '../cli/run-command-line.ts';
import { renderError, bugExitStatus } from '../errors/render-error.ts';
import { createReporter } from './create-reporter.ts';
import { createTerminal } from './create-terminal.ts';
import { createWorld } from './create-world.ts';
import type { HostProcess } from './host-process.ts';
import { listenToSignals } from './listen-to-signals.ts';

/** Builds all that a command may use of the outside, runs it, and returns the exit status. */
export async function runHoldfast(host: HostProcess): Promise<number> {
  dieOfBugs(host);
  const signals = listenToSignals();
  const { terminal, outputClosed } = createTerminal(host);
  const { environment } = host;
  const isJson = wantsJson(host.arguments);
  const context: CommandContext = {
    terminal,
    reporter: createReporter(terminal, { isJson, environment, now: Date.now }),
    environment: {
      holdfastConfig: environment['HOLDFAST_CONFIG'],
      holdfastData: environment['HOLDFAST_DATA'],
      xdgDataHome: environment['XDG_DATA_HOME'],
      xdgCacheHome: environment['XDG_CACHE_HOME'],
      home: environment['HOME'],
    },
    workingDirectory: host.workingDirectory,
    login: { user: userName(), host: hostname() },
    isRoot: process.getuid?.() === 0,
    version: host.version,
    now: Date.now,
    wait: async (durationMs, signal) => {
      await sleep(durationMs, undefined, { signal });
    },
    signal: signals.signal,
    outputClosed,
    world: createWorld(host),
  };
  const status = await runCommandLine(host.arguments, context);
  return signals.exitStatus(status);
}

/** An error that nobody caught is a bug: said with all that a report needs. */
function dieOfBugs({ version }: HostProcess): void {
  process.on('uncaughtException', (error) => {
    const runtime = `${process.version} ${process.platform} ${process.arch}`;
    process.stderr.write(`${renderError(error, { version, runtime }).join('\n')}\n`);
    process.exit(bugExitStatus);
  });
}

/** A user id without an entry in the user database has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'USER';
  }
}
