import type { Output, Terminal } from '../cli/command.ts';
import { createStyle } from '../report/style.ts';
import { failUnlessLeft } from './fail-unless-left.ts';
import type { HostOutput, HostProcess } from './host-process.ts';

export interface TerminalOfHost {
  readonly terminal: Terminal;
  /** Aborts when nobody reads stdout any more. */
  readonly outputClosed: AbortSignal;
}

/** stdin, stdout and stderr of this process. A reader that has gone (EPIPE) is no failure of ours, and is not reported. */
export function createTerminal(host: HostProcess): TerminalOfHost {
  const closed = new AbortController();
  host.stdout.stream.on('error', (error: NodeJS.ErrnoException) => {
    closed.abort();
    failUnlessLeft(error);
  });
  host.stderr.stream.on('error', () => undefined);
  const terminal: Terminal = {
    stdout: outputOf(host.stdout, host),
    stderr: outputOf(host.stderr, host),
    canAsk: host.stdin.isTerminal && host.stderr.isTerminal,
    ask: (question, signal) => ask(host, question, signal),
  };
  return { terminal, outputClosed: closed.signal };
}

function outputOf({ stream, isTerminal, columns }: HostOutput, { environment }: HostProcess): Output {
  const noColor = environment['NO_COLOR'] ?? '';
  const hasColor = isTerminal && noColor === '' && environment['TERM'] !== 'dumb';
  return {
    isTerminal,
    // A pseudo-terminal that nobody has sized has 0 columns.
    style: createStyle({
      hasColor,
      columns: isTerminal && columns !== 0 ? columns : undefined,
      isUnicode: isUtf8(environment),
    }),
    write: (text) => {
      if (stream.writable) stream.write(text);
    },
  };
}

/** What the locale says (locale(7)): the first of the three that is set; none is the POSIX locale. */
function isUtf8(environment: HostProcess['environment']): boolean {
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || '';
  return /utf-?8/i.test(locale);
}

/** Ctrl-C and a terminal that closes both end the prompt without an answer; there is no default. */
async function ask(host: HostProcess, question: string, signal: AbortSignal): Promise<string | undefined> {
  const { createInterface } = await import('node:readline');
  const prompt = createInterface({ input: host.stdin.stream, output: host.stderr.stream, terminal: true });
  return new Promise((resolve) => {
    const leave = () => prompt.close();
    prompt.once('close', () => {
      signal.removeEventListener('abort', leave);
      host.stderr.stream.write('\n');
      resolve(undefined);
    });
    prompt.once('SIGINT', leave);
    signal.addEventListener('abort', leave, { once: true });
    prompt.question(question, (answer) => {
      resolve(answer);
      prompt.close();
    });
    if (signal.aborted) leave();
  });
}
