import { HoldfastError } from '../errors/holdfast-error.ts';
import { printable } from '../model/printable.ts';
import type { Terminal } from './command.ts';

export interface Confirmation {
  /** What has to be typed. */
  readonly name: string;
  /** --confirm NAME, if it was given. */
  readonly given: string | undefined;
  /** `rebuild the stack monitoring` */
  readonly doing: string;
  /** What bears that name; default `stack`. */
  readonly thing?: 'stack' | 'directory';
}

/**
 * Returns once the name has been typed, or given with --confirm. Throws `confirmation-missing` where nobody can be asked,
 * `wrong-name` for another name, `cancelled` where the user leaves the prompt. There is no default.
 */
export async function confirm(terminal: Terminal, confirmation: Confirmation, signal: AbortSignal): Promise<void> {
  const { name, given, doing, thing = 'stack' } = confirmation;
  if (given !== undefined) {
    compare(given, name, thing);
    return;
  }
  if (!terminal.canAsk) throw missing(name, doing);
  const typed = await terminal.ask(
    `To ${printable(doing)}, type its name (Ctrl-C leaves everything as it is): `,
    signal,
  );
  if (typed === undefined) throw left(doing);
  compare(typed.trim(), name, thing);
}

function compare(typed: string, name: string, thing: string): void {
  if (typed === name) return;
  throw new HoldfastError('wrong-name', {
    message: `The ${thing} is called "${name}", not "${typed.slice(0, 100)}". Nothing was changed.`,
    remedy:
      thing === 'stack'
        ? `Check with \`holdfast status\` that ${name} is the stack you mean, then give its name.`
        : `Make sure that it is the ${thing} you mean, then give its name.`,
    details: { name },
  });
}

function missing(name: string, doing: string): HoldfastError {
  return new HoldfastError('confirmation-missing', {
    message: `There is no terminal to ask on whether to ${doing}. Nothing was changed.`,
    remedy: `Add --confirm ${name} to the command.`,
    details: { name },
  });
}

function left(doing: string): HoldfastError {
  return new HoldfastError('cancelled', {
    message: `You left the question whether to ${doing}. Nothing was changed.`,
    remedy: 'Run the same command again when you want to.',
  });
}
