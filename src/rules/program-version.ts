import semver from 'semver';
import { HoldfastError } from '../errors/holdfast-error.ts';

/** A refusal where the program is older than the one that last wrote to the component's volume. */
export function judgeProgramVersion(
  component: string,
  version: string,
  lastWriterVersion: string,
): HoldfastError | undefined {
  if (!isBeforeVersion(version, lastWriterVersion)) return undefined;
  return new HoldfastError('program-older-than-volume', {
    message: `Volume ${component} was last written by ${component} ${lastWriterVersion}, and the program at hand is ${version}: an older program may misread or damage what a newer one wrote. Nothing was started or changed.`,
    remedy: `Get ${component} ${lastWriterVersion} or newer: holdfast up --upgrade`,
    details: { component, version, lastWriterVersion },
  });
}

/** Compares loosely, as programs say it: `v2.42.0`, `2.42.0+ds`, `1.5`. False where one of them is no version at all. */
export function isBeforeVersion(version: string, other: string): boolean {
  const left = semver.coerce(version);
  const right = semver.coerce(other);
  return left !== null && right !== null && semver.lt(left, right);
}
