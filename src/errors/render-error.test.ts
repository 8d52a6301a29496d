import { expect, test } from 'vitest';
import { HoldfastError } from './holdfast-error.ts';
import { renderError } from './render-error.ts';

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
])('a command that %s has stopped says the exit status that it has: %i', (signal, status) => {
  const error = new HoldfastError('cancelled', { message: 'Stopped.', remedy: 'Again.', details: { signal } });
  expect(error.exitStatus).toBe(status);
  expect(renderError(error, { version: '1.0.0', runtime: 'v20' }).at(-1)).toBe(`  (cancelled, exit status ${status})`);
});

test('one that was cancelled by nothing that is known has 130, and any other error has that of its kind', () => {
  expect(new HoldfastError('cancelled', { message: 'm', remedy: 'r' }).exitStatus).toBe(130);
  expect(new HoldfastError('io', { message: 'm', remedy: 'r', details: { signal: 'SIGTERM' } }).exitStatus).toBe(1);
});
