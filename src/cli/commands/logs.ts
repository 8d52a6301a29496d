import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { findClosestName } from '../../config/find-closest-name.ts';
import { getStackFile } from '../../data-root/stack-file.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { anySignal } from '../../model/any-signal.ts';
import { processComponents } from '../../model/component.ts';
import { paths } from '../../model/paths.ts';
import { readLog } from '../../observations/logs.ts';
import { printableLines } from '../../model/printable.ts';
import type { CommandContext, CommandInput, CommandResult } from '../command.ts';
import { openDataRoot } from '../open-data-root.ts';

const names: readonly string[] = [...processComponents, 'daemon'];
const defaultLines = 100;

/** `holdfast logs NAME [-f] [-n LINES]`: printed as it is read, so that a long log takes no memory. */
export async function runLogs(input: CommandInput, context: CommandContext): Promise<CommandResult> {
  const name = parseName(input.arguments[0] ?? '');
  const { dataRoot } = await openDataRoot(input.flags, context);
  const path = join(dataRoot, paths.log(name));
  const { follow = false, lines = defaultLines, json = false } = input.flags;
  if (!(await exists(path))) {
    await getStackFile(dataRoot);
    context.reporter.note(`${name} has written no log yet (${path}).`);
  }
  const signal = anySignal([context.signal, context.outputClosed]);
  const { stdout } = context.terminal;
  let count = 0;
  for await (const line of readLog(path, { last: lines, follow, signal, wait: context.wait })) {
    count += 1;
    const shown = stdout.isTerminal ? printableLines(line) : line;
    stdout.write(json ? `${JSON.stringify({ type: 'line', line })}\n` : `${shown}\n`);
  }
  // Leaving a log that is followed is how it ends, and no failure.
  if (!follow) context.signal.throwIfAborted();
  return { value: { name, path, lines: count }, text: () => [] };
}

function parseName(name: string): string {
  if (names.includes(name)) return name;
  const closest = findClosestName(name, names);
  throw new HoldfastError('bad-arguments', {
    message: `${name === '' ? 'Nothing' : `"${name}"`} has no log.${closest === undefined ? '' : ` Did you mean ${closest}?`}`,
    remedy: `Give one of: ${names.join(', ')}.`,
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
