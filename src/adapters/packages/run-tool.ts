import { execa } from 'execa';
import { SourceFailure } from './source-failure.ts';

export interface ToolOptions {
  /** What is said to have failed. */
  readonly source: string;
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface ToolResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Runs apt or dpkg in English with no other environment. Throws SourceFailure where it cannot run or takes too long. */
export async function runTool(path: string, words: readonly string[], options: ToolOptions): Promise<ToolResult> {
  const { source, signal, timeoutMs } = options;
  const result = await execa(path, [...words], {
    env: {
      ...options.environment,
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      LC_ALL: 'C.UTF-8',
    },
    extendEnv: false,
    cwd: options.workingDirectory,
    stdin: 'ignore',
    reject: false,
    timeout: timeoutMs,
    forceKillAfterDelay: 5000,
    maxBuffer: 8 * 2 ** 20,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  const called = path.slice(path.lastIndexOf('/') + 1);
  if (result.timedOut) throw new SourceFailure(source, `${called} did not end within ${timeoutMs / 1000} s`);
  if (result.exitCode === undefined) {
    throw new SourceFailure(source, `${called} could not be run (${result.code ?? result.signal ?? 'unknown'})`);
  }
  return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode };
}

/** The last error that a tool printed, for people. */
export function lastComplaint({ stderr, exitCode }: ToolResult): string {
  const lines = stderr.split('\n').filter((line) => /^(E:|Err:|W:|dpkg)/.test(line));
  const line = lines.filter((text) => text.startsWith('E:')).at(-1) ?? lines.at(-1);
  return line === undefined ? `ended with ${exitCode}` : line.slice(0, 300);
}
