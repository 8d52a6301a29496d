import { spawn } from 'node:child_process';
import { mainFile, type Holdfast } from './holdfast.ts';
import { waitFor } from './wait-for.ts';

export interface TerminalSession {
  /** Everything that appeared so far. */
  screen(): string;
  waitForText(text: string | RegExp, timeoutMs?: number): Promise<void>;
  /** Types as a person would: `\r` is Return, `\x03` Ctrl-C. */
  type(text: string): void;
  readonly exitCode: Promise<number | null>;
}

/** Runs `holdfast ARGUMENTS` on a pseudo-terminal of script(1), which passes on the exit status of its child. */
export function openTerminal(
  holdfast: Holdfast,
  argumentList: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): TerminalSession {
  const words = [
    process.execPath,
    mainFile(),
    '--config',
    holdfast.configFile,
    '--data',
    holdfast.dataRoot,
    ...argumentList,
  ];
  const command = words.map(quote).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
    cwd: holdfast.directory,
    env: { TERM: 'xterm', SHELL: '/bin/sh', ...holdfast.environment, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (text += part));
  child.stdin.on('error', () => undefined);
  const exitCode = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  exitCode.catch(() => undefined);
  return {
    screen: () => text,
    waitForText: async (wanted, timeoutMs = 60_000) => {
      const shows = () => (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text));
      await waitFor(`the terminal shows ${String(wanted)}`, async () => shows(), { timeoutMs }).catch(
        (error: unknown) => {
          throw new Error(`It shows:\n${text}`, { cause: error });
        },
      );
    },
    type: (typed) => void child.stdin.write(typed),
    exitCode,
  };
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
