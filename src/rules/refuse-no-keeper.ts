import { HoldfastError } from '../errors/holdfast-error.ts';

/** Why nothing can be proven of a directory: nobody else is known to hold what it holds. */
export function refuseNoKeeper(
  path: string,
  passed: readonly { readonly path: string; readonly reason: string }[],
): HoldfastError {
  const why = passed.map((one) => ` ${one.path} does not count: ${one.reason}.`).join('');
  return new HoldfastError('not-elsewhere', {
    message: `No directory is known that holds what ${path} holds.${why} Nothing was changed.`,
    remedy: 'Name the directory that holds its samples with --kept-in DIR.',
    details: { path, passed },
  });
}
