/**
 * Aborts as soon as one of the signals does. AbortSignal.any holds its sources weakly, and Node 20 collects a source that
 * nothing else holds and nobody listens to: a deadline made by AbortSignal.timeout then never comes.
 */
export function anySignal(signals: readonly AbortSignal[]): AbortSignal {
  // The same listener again is no second one, so a signal that lives long does not gather them.
  for (const signal of signals) signal.addEventListener('abort', staysAlive, { once: true });
  // eslint-disable-next-line no-restricted-syntax -- this is the one place that may
  return AbortSignal.any([...signals]);
}

function staysAlive(): undefined {
  return undefined;
}
