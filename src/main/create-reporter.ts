import type { Terminal } from '../cli/command.ts';
import { createNdjsonReporter } from '../report/ndjson-reporter.ts';
import { createPlainReporter } from '../report/plain-reporter.ts';
import type { Reporter } from '../report/reporter.ts';
import { createTtyReporter } from '../report/tty-reporter.ts';

export interface ReporterChoice {
  readonly isJson: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
}

/** NDJSON on stdout for --json; else the story goes to stderr, moving only where that is a terminal that can. */
export function createReporter({ stdout, stderr }: Terminal, choice: ReporterChoice): Reporter {
  const { isJson, environment, now } = choice;
  if (isJson) return createNdjsonReporter({ write: (text) => stdout.write(text), now });
  const options = { write: (text: string) => stderr.write(text), style: stderr.style, now };
  const canMove = stderr.isTerminal && environment['TERM'] !== 'dumb';
  return canMove ? createTtyReporter(options) : createPlainReporter(options);
}
