import type { Verb } from '../model/plan.ts';

const isVerb: Readonly<Record<Verb, true>> = {
  up: true,
  down: true,
  teardown: true,
  rebuild: true,
  adopt: true,
  repair: true,
  stitch: true,
  discard: true,
};
const verbs = Object.keys(isVerb) as readonly Verb[];
const pattern = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z-([a-z]+)-([0-9a-f]{4,16})$/;

/** A run's id, as `20261124T021500Z-rebuild-7f3a`: ids sort by time. `random` is 4 to 16 lower-case hex digits. */
export function newRunId(verb: Verb, atMs: number, random: string): string {
  const stamp = new Date(atMs).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  return `${stamp}-${verb}-${random}`;
}

/** What a run's id says, or undefined where it is none. */
export function parseRunId(id: string): { readonly verb: Verb; readonly atMs: number } | undefined {
  const match = pattern.exec(id);
  const verb = verbs.find((candidate) => candidate === match?.[7]);
  if (match === null || verb === undefined) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const atMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(atMs) ? undefined : { verb, atMs };
}
