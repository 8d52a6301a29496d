import { shellWord } from '../model/shell-word.ts';

/** What we say to people, with the data root named in every command in it; the same text where it need not be. */
export type NameDataRoot = (text: string) => string;

/**
 * What a verb works on: `either` is the directory that it is given, and the data root without one. The verbs of
 * cli/verbs.ts, all of them; the quick `status` must know them without that table.
 */
export const worksOn: ReadonlyMap<string, 'data-root' | 'directory' | 'either'> = new Map([
  ['up', 'data-root'],
  ['down', 'data-root'],
  ['teardown', 'data-root'],
  ['rebuild', 'data-root'],
  ['adopt', 'data-root'],
  ['repair', 'either'],
  ['status', 'data-root'],
  ['inventory', 'directory'],
  ['check', 'either'],
  ['coverage', 'either'],
  ['rescue', 'directory'],
  ['proof', 'directory'],
  ['runs', 'data-root'],
  ['logs', 'data-root'],
  ['credentials', 'data-root'],
  ['daemon', 'data-root'],
  ['service', 'data-root'],
] as const);

/**
 * Names the data root in each command that we tell the user to run, between backticks or at the end of a line behind a
 * colon: as printed, it would act on the default data root, perhaps on another stack of the same name. A command that
 * names one already stays as it is, so naming twice is naming once. Pure.
 */
export function nameDataRootIn(text: string, dataRoot: string): string {
  const named = `holdfast --data ${shellWord(dataRoot)}`;
  const name = (whole: string, verb: string, rest: string): string =>
    needsDataRoot(verb, rest) ? whole.replace('holdfast', () => named) : whole;
  return text.replace(quoted, name).replace(last, name);
}

const quoted = /`holdfast\s+([a-z]+)((?:\s[^`]*)?`(?:\s+on\b)?)/g;
const last = /: holdfast\s+([a-z]+)((?:[^\S\n][^\n]*)?)$/gm;

function needsDataRoot(verb: string, rest: string): boolean {
  const kind = worksOn.get(verb);
  return kind === 'data-root' || (kind === 'either' && !namesDirectory.test(rest));
}

/** Behind the backticks it is `on` that names one. */
const namesDirectory = /\/|\bDIR\b|`\s+on$/;

/** The members of our JSON that hold words for people; all others are data and are never touched. */
const spoken: ReadonlySet<string> = new Set(['message', 'remedy', 'reason', 'line']);

/** As JSON.stringify takes it. */
export function namingReplacer(name: NameDataRoot): (key: string, value: unknown) => unknown {
  return (key, value) => (typeof value === 'string' && spoken.has(key) ? name(value) : value);
}
