import { randomBytes } from 'node:crypto';

/** The end of the name of everything half-made: visible as such, and never taken for the thing itself. */
export const halfMadeSuffix = '.tmp-for-creation';

/** A name beside `path` that nobody else uses, also not a process of another host on the same share. */
export function halfMadeName(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}${halfMadeSuffix}`;
}

/** Whether `name` is what a killed writer of the file `of`, in the same directory, has left half-made. */
export function isHalfMadeOf(of: string, name: string): boolean {
  return name.startsWith(`${of}.`) && /^[0-9a-f]{12}\.tmp-for-creation$/.test(name.slice(of.length + 1));
}
