import { assertNever } from '../model/assert-never.ts';
import { printable, printableLines } from '../model/printable.ts';
import type { ErrorCode, ErrorKind } from './codes.ts';
import { HoldfastError } from './holdfast-error.ts';

export interface BugReport {
  readonly version: string;
  /** Node's version and the machine's architecture, as `v20.20.2 linux x64`. */
  readonly runtime: string;
}

/** An error for people: what happened, to what, and the one thing to do. A bug says all that a report needs. */
export function renderError(error: unknown, bug: BugReport): readonly string[] {
  if (!(error instanceof HoldfastError)) return renderBug(error, bug);
  const { code, exitStatus, kind, remedy } = error;
  const [first = '', ...rest] = linesOf(error);
  return [
    rest.length === 0 ? `${headOf(kind)}: ${first}` : `${headOf(kind)}:`,
    ...(rest.length === 0 ? [] : [first, ...rest]),
    `  -> ${printable(remedy)}`,
    `  (${code}, exit status ${exitStatus})`,
  ];
}

/** Those that list mistakes line by line, or tell what a program said; any other names an object, whose name may hold a newline. */
const multiLine: ReadonlySet<ErrorCode> = new Set([
  'bad-config',
  'component-api',
  'component-config',
  'daemon-unreachable',
  'not-ready',
  'program-unavailable',
  'service-failed',
  'step-failed',
]);

function linesOf({ code, message }: HoldfastError): readonly string[] {
  // Quoted lines of a log stand behind a bar, so that none can be taken for ours.
  return multiLine.has(code) ? printableLines(message).split('\n') : message.split(/\n(?= {2}\| )/).map(printable);
}

/** The exit status of a bug: EX_SOFTWARE of sysexits.h. */
export const bugExitStatus = 70;

function renderBug(error: unknown, { version, runtime }: BugReport): readonly string[] {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    'This is a bug in Holdfast. What was begun can be finished by running the same command again.',
    printableLines(stack),
    `holdfast ${version}, Node ${runtime}`,
    '  -> Please report it with the lines above, where README.md says under "Bugs".',
    `  (bug, exit status ${bugExitStatus})`,
  ];
}

function headOf(kind: ErrorKind): string {
  switch (kind) {
    case 'usage':
      return 'Not understood';
    case 'failure':
      return 'Failed';
    case 'refusal':
      return 'Refused';
    case 'locked':
      return 'Locked';
    case 'corruption':
      return 'Damaged';
    case 'mismatch':
      return 'Proof failed';
    case 'cancelled':
      return 'Cancelled';
    default:
      return assertNever(kind);
  }
}
