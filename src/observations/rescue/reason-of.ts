import { HoldfastError } from '../../errors/holdfast-error.ts';
import { findErrno } from '../../files/fs-errors.ts';

/** What a file system refuses is told; anything else is a fault of ours. */
export function reasonOf(error: unknown): string {
  if (error instanceof HoldfastError || (error instanceof Error && findErrno(error) !== undefined))
    return error.message;
  throw error;
}
