import { bugExitStatus, renderError } from '../errors/render-error.ts';
import { HoldfastError, toErrorObject } from '../errors/holdfast-error.ts';
import { printableDressed } from '../model/printable.ts';
import type { CommandContext, CommandResult } from './command.ts';
import { parseCommandLine, type ParsedLine } from './program.ts';

/** Runs one command line and returns its exit status. Never throws. */
export async function runCommandLine(argumentList: readonly string[], context: CommandContext): Promise<number> {
  const isJson = wantsJson(argumentList);
  try {
    const line = await parse(argumentList, context);
    if (line === undefined) return 0;
    const command = await line.verb.load();
    const result = await command(line.input, context);
    context.reporter.close();
    return await tellResult(result, context, isJson);
  } catch (error) {
    context.reporter.close();
    return tellError(reasonOf(error, context.signal), context, isJson);
  }
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

async function tellResult(result: CommandResult, context: CommandContext, isJson: boolean): Promise<number> {
  const { stdout } = context.terminal;
  const failed = result.error !== undefined;
  const error = failed ? reasonOf(result.error, context.signal) : undefined;
  if (isJson) {
    stdout.write(`${JSON.stringify(failed ? { ...result.value, error: toErrorObject(error) } : result.value)}\n`);
  } else {
    const lines = await result.text(stdout.style);
    if (lines.length > 0) stdout.write(`${lines.map(printableDressed).join('\n')}\n`);
  }
  if (!failed) return 0;
  return tellFailure(error, context, isJson);
}

function tellError(error: unknown, context: CommandContext, isJson: boolean): number {
  if (isJson) context.terminal.stdout.write(`${JSON.stringify({ error: toErrorObject(error) })}\n`);
  return tellFailure(error, context, isJson);
}

/** The error on stderr: always for a bug, whose stack is needed, and else only where stdout does not hold it already. */
function tellFailure(error: unknown, context: CommandContext, isJson: boolean): number {
  const isKnown = error instanceof HoldfastError;
  if (!isJson || !isKnown) {
    const { stderr } = context.terminal;
    const runtime = `${process.version} ${process.platform} ${process.arch}`;
    const [head = '', ...rest] = renderError(error, { version: context.version, runtime });
    stderr.write(`${[stderr.style.red(head), ...rest].join('\n')}\n`);
  }
  return isKnown ? error.exitStatus : bugExitStatus;
}

/** Whatever breaks off because the user stopped the command is that, by whichever error it came. */
function reasonOf(error: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted || error instanceof HoldfastError) return error;
  return signal.reason instanceof HoldfastError ? signal.reason : error;
}
