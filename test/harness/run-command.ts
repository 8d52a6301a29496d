import { spawn, type ChildProcess } from 'node:child_process';

export interface CommandOutcome {
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Written to stdin, which is closed then; without it stdin is /dev/null. */
  readonly input?: string;
  /** SIGKILL after this long, and the promise rejects. Default 120 s. */
  readonly timeoutMs?: number;
}

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly pid: number;
  /** What it has written so far. */
  readonly output: { readonly stdout: string; readonly stderr: string };
  readonly outcome: Promise<CommandOutcome>;
}

/** Starts a program without a shell, in a process group of its own, so that a signal reaches it alone. */
export function startCommand(
  path: string,
  argumentList: readonly string[],
  options: CommandOptions = {},
): RunningCommand {
  const { cwd, environment = process.env, input, timeoutMs = 120_000 } = options;
  const startedAtMs = performance.now();
  const child = spawn(path, [...argumentList], {
    cwd,
    env: { ...environment },
    detached: true,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  if (input !== undefined) child.stdin?.on('error', () => undefined).end(input);
  const outcome = new Promise<CommandOutcome>((resolve, reject) => {
    const deadline = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${describe(path, argumentList)} ran for ${timeoutMs} ms.\n${output.stdout}\n${output.stderr}`));
    }, timeoutMs);
    child.once('error', (error) => {
      clearTimeout(deadline);
      reject(error);
    });
    // `close` comes once both pipes are closed: a daemon that had inherited one would hold the command's caller for ever.
    child.once('close', (exitCode, signal) => {
      clearTimeout(deadline);
      resolve({ exitCode, signal, ...output, tookMs: performance.now() - startedAtMs });
    });
  });
  // A test that fails before it waits must not die of this one too.
  outcome.catch(() => undefined);
  return { child, pid: child.pid ?? -1, output, outcome };
}

export async function runCommand(
  path: string,
  argumentList: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutcome> {
  return startCommand(path, argumentList, options).outcome;
}

function describe(path: string, argumentList: readonly string[]): string {
  return [path, ...argumentList].join(' ');
}
