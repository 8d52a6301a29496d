import { resolve } from 'node:path';
import { bugExitStatus, renderError } from '../errors/render-error.ts';
import { HoldfastError, toErrorObject } from '../errors/holdfast-error.ts';
import { printableDressed } from '../model/printable.ts';
import { nameDataRootIn, namingReplacer, type NameDataRoot } from '../report/name-data-root.ts';
import { namingReporter } from '../report/naming-reporter.ts';
import type { CommandContext, CommandResult } from './command.ts';
import type { Flags } from './flags.ts';
import { parseCommandLine, type ParsedLine } from './program.ts';

/** Runs one command line and returns its exit status. Never throws. */
export async function runCommandLine(argumentList: readonly string[], context: CommandContext): Promise<number> {
  const isJson = wantsJson(argumentList);
  let manner: Manner = { isJson, name: undefined };
  try {
    const line = await parse(argumentList, context);
    if (line === undefined) return 0;
    const name = namerFor(line.input.flags, context);
    manner = { isJson, name };
    const command = await line.verb.load();
    const reporter = name === undefined ? context.reporter : namingReporter(context.reporter, name);
    const result = await command(line.input, { ...context, reporter });
    context.reporter.close();
    return await tellResult(result, context, manner);
  } catch (error) {
    context.reporter.close();
    return tellError(reasonOf(error, context.signal), context, manner);
  }
}

/** How it is told what came of a command. */
interface Manner {
  readonly isJson: boolean;
  /** Undefined where the commands that we name work as they are: the data root is that of the environment, or the default. */
  readonly name: NameDataRoot | undefined;
}

function namerFor({ data }: Flags, { workingDirectory }: CommandContext): NameDataRoot | undefined {
  if (data === undefined || data === '') return undefined;
  const dataRoot = resolve(workingDirectory, data);
  return (text) => nameDataRootIn(text, dataRoot);
}

/** Known before the line is parsed, since a line that cannot be parsed is an error that --json prints too. */
export function wantsJson(argumentList: readonly string[]): boolean {
  const end = argumentList.indexOf('--');
  return argumentList.slice(0, end < 0 ? undefined : end).includes('--json');
}

async function parse(argumentList: readonly string[], context: CommandContext): Promise<ParsedLine | undefined> {
  const { stdout, stderr } = context.terminal;
  return parseCommandLine(argumentList, {
    version: context.version,
    writeOut: (text) => stdout.write(text),
    writeErr: (text) => stderr.write(text),
    columns: stdout.style.columns,
  });
}

async function tellResult(result: CommandResult, context: CommandContext, manner: Manner): Promise<number> {
  const { stdout } = context.terminal;
  const failed = result.error !== undefined;
  const error = failed ? reasonOf(result.error, context.signal) : undefined;
  if (manner.isJson) {
    writeJson(failed ? { ...result.value, error: toErrorObject(error) } : result.value, context, manner);
  } else {
    const lines = await result.text(stdout.style);
    if (lines.length > 0) stdout.write(`${inWords(lines.map(printableDressed), manner)}\n`);
  }
  if (!failed) return 0;
  return tellFailure(error, context, manner);
}

function tellError(error: unknown, context: CommandContext, manner: Manner): number {
  if (manner.isJson) writeJson({ error: toErrorObject(error) }, context, manner);
  return tellFailure(error, context, manner);
}

function writeJson(value: object, { terminal }: CommandContext, { name }: Manner): void {
  terminal.stdout.write(`${JSON.stringify(value, name && namingReplacer(name))}\n`);
}

function inWords(lines: readonly string[], { name }: Manner): string {
  const text = lines.join('\n');
  return name === undefined ? text : name(text);
}

/** The error on stderr: always for a bug, whose stack is needed, and else only where stdout does not hold it already. */
function tellFailure(error: unknown, context: CommandContext, manner: Manner): number {
  const isKnown = error instanceof HoldfastError;
  if (!manner.isJson || !isKnown) {
    const { stderr } = context.terminal;
    const runtime = `${process.version} ${process.platform} ${process.arch}`;
    const [head = '', ...rest] = renderError(error, { version: context.version, runtime });
    stderr.write(`${inWords([stderr.style.red(head), ...rest], manner)}\n`);
  }
  return isKnown ? error.exitStatus : bugExitStatus;
}

/** Whatever breaks off because the user stopped the command is that, by whichever error it came. */
function reasonOf(error: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted || error instanceof HoldfastError) return error;
  return signal.reason instanceof HoldfastError ? signal.reason : error;
}
