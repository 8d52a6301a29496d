import { execa } from 'execa';

/** What a checker says of a file: undefined where it accepts it, else its complaint in its own words. */
export type ConfigChecker = (
  program: { readonly path: string; readonly workingDirectory: string | null },
  words: readonly string[],
  signal: AbortSignal,
) => Promise<string | undefined>;

const deadlineMs = 60_000;
const longestComplaint = 2000;

/** Runs promtool or amtool. One that cannot be run, or does not end within a minute, has no say. */
export const runChecker: ConfigChecker = async (program, words, signal) => {
  const result = await execa(program.path, [...words], {
    cwd: program.workingDirectory ?? '/',
    env: { PATH: '/usr/bin:/bin', HOME: '/', LC_ALL: 'C.UTF-8' },
    extendEnv: false,
    stdin: 'ignore',
    all: true,
    reject: false,
    timeout: deadlineMs,
    maxBuffer: 2 ** 20,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  if (result.exitCode === undefined || result.exitCode === 0 || result.timedOut) return undefined;
  const lines = result.all.split('\n').map((line) => line.trim());
  const complaints = lines.filter((line) => line !== '' && !/SUCCESS/.test(line) && !/^(Checking|Found)\b/.test(line));
  return complaints.join(' ').slice(0, longestComplaint);
};
