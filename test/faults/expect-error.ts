import { expect } from 'vitest';
import { errorCodes, exitStatus, type ErrorCode } from '../../src/errors/codes.ts';
import type { HoldfastOutcome, JsonResult } from '../harness/holdfast.ts';

/**
 * A command failed as its table of errors says: the code, the exit status of its kind, the object's name in the message,
 * and a remedy. Returns the error for what else a test wants to know of it.
 */
export function expectError(
  outcome: Pick<HoldfastOutcome, 'exitCode' | 'json'>,
  code: ErrorCode,
  ...names: readonly (string | number)[]
): NonNullable<JsonResult['error']> {
  const { error } = outcome.json;
  if (error === undefined) throw new Error(`It did not fail: ${JSON.stringify(outcome.json)}`);
  expect(error).toMatchObject({ code, kind: errorCodes[code].kind });
  expect(outcome.exitCode).toBe(exitStatus[errorCodes[code].kind]);
  for (const name of names) expect(error.message).toContain(String(name));
  expect(error.remedy).not.toBe('');
  return error;
}
