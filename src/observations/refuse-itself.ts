import { stat } from 'node:fs/promises';
import { HoldfastError } from '../errors/holdfast-error.ts';

/**
 * What is compared with itself holds all that it holds, whatever it has lost. The same device and inode are the same thing, by
 * whichever path. Throws `same-on-both-sides`.
 */
export async function refuseItself(before: string, after: string): Promise<void> {
  const [one, other] = await Promise.all([before, after].map(async (path) => stat(path).catch(() => undefined)));
  if (one === undefined || other === undefined || one.dev !== other.dev || one.ino !== other.ino) return;
  const names = before === after ? before : `${before} and ${after} are the same, and it`;
  throw new HoldfastError('same-on-both-sides', {
    message: `${names} cannot be proved by itself: it would hold all that it holds. It was only looked at.`,
    remedy:
      'Name on one side what there was before: another copy, or what `holdfast inventory DIR --json` printed then.',
    details: { before, after },
  });
}
