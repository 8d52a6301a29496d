const dayMs = 86_400_000;

/** So long a discarded directory stays where everybody can see it and put it back. */
export const discardedForMs = 14 * dayMs;

export const removalSuffix = '.tmp-for-deletion';

const pattern = /^(.+)\.discarded-(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z(\.tmp-for-deletion)?$/;

export interface DiscardedName {
  /** What it was called. */
  readonly name: string;
  readonly atMs: number;
  /** True where it was being removed. */
  readonly isGoing: boolean;
}

/** `pvc-1.discarded-20261124T231500Z` */
export function discardedName(name: string, atMs: number): string {
  const stamp = new Date(atMs).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  return `${name}.discarded-${stamp}`;
}

/** What the name of a discarded directory says; undefined for any other name. */
export function parseDiscardedName(text: string): DiscardedName | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, name = '', year, month, day, hour, minute, second, suffix] = match;
  const atMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(atMs) ? undefined : { name, atMs, isGoing: suffix !== undefined };
}
