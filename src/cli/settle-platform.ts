import { HoldfastError } from '../errors/holdfast-error.ts';
import type { CommandContext } from './command.ts';

/**
 * Before a new stack without config and --platform: where another platform's monitoring may be meant, asks on a terminal
 * or throws `platform-missing`. A mere kubeconfig only earns a hint.
 */
export async function settlePlatform(dataRoot: string, planOnly: boolean, context: CommandContext): Promise<void> {
  const { found, kubeconfig } = await context.world.findOtherPlatform(dataRoot);
  if (found === undefined) {
    if (kubeconfig !== undefined) {
      context.reporter.note(`${kubeconfig} names a cluster; this stack is made on this machine, beside it.`);
    }
    return;
  }
  if (planOnly || !context.terminal.canAsk) throw missing(found);
  const question = `${found}. To make a new stack beside it, as plain processes, type standalone: `;
  const typed = await context.terminal.ask(question, context.signal);
  if (typed?.trim() === 'standalone') return;
  throw missing(found);
}

function missing(found: string): HoldfastError {
  return new HoldfastError('platform-missing', {
    message: `${found}, so it is not clear where the stack is to run. Nothing was changed.`,
    remedy: 'To make a new stack on this machine, as plain processes, add --platform standalone.',
    details: { found },
  });
}
