import { constants } from 'node:os';
import { HoldfastError } from '../errors/holdfast-error.ts';

export interface Signals {
  /** Aborts at the first SIGINT, SIGTERM or SIGHUP, with a `cancelled` error as its reason. */
  readonly signal: AbortSignal;
  /** The exit status that a cancelled command has by the signal that cancelled it: 130, 143 or 129. */
  exitStatus(status: number): number;
}

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const cancelledStatus = 130;

/** The first signal asks the command to stop in order; a second SIGINT ends it at once. */
export function listenToSignals(): Signals {
  const controller = new AbortController();
  let received: (typeof names)[number] | undefined;
  for (const name of names) {
    process.on(name, () => {
      if (received !== undefined && name === 'SIGINT') process.exit(cancelledStatus);
      received ??= name;
      controller.abort(stoppedBy(name));
    });
  }
  return {
    signal: controller.signal,
    exitStatus: (status) =>
      status === cancelledStatus && received !== undefined ? 128 + constants.signals[received] : status,
  };
}

function stoppedBy(name: string): HoldfastError {
  return new HoldfastError('cancelled', {
    message: `Stopped by ${name}. What was done stays done, and nothing is lost.`,
    remedy: 'Run the same command again: it finishes what was begun.',
    details: { signal: name },
  });
}
