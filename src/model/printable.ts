/**
 * What a terminal would obey, or that shows text as something else than it is: control characters of C0 and C1, line and
 * paragraph separators, marks, embeddings, overrides and isolates of the bidirectional algorithm, characters without
 * width that part a word, and tags. Joiners stay: names in some scripts are written with them.
 */
const unsafe =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001b': '\\e' };

/**
 * A name, a label or a message for people, on one line: whoever names a file must neither steer the terminal nor write
 * lines of his own into what we say. What is unsafe shows as an escape, so that two names never look the same.
 */
export function printable(text: string): string {
  return text.replace(unsafe, escapeOf);
}

const colour = /\u001b\[[0-9;?]*[ -/]*[@-~]/g;

/** What a program has said, as it lays it out: with its lines and tabs, without its colours. */
export function printableLines(text: string): string {
  return text.replace(colour, '').replace(unsafe, (one) => (one === '\n' || one === '\t' ? one : escapeOf(one)));
}

/** The colours that we dress text in ourselves (SGR with one number), and nothing else of what is unsafe. */
const dressOrUnsafe = new RegExp(`\\u001b\\[\\d{1,2}m|${unsafe.source}`, 'gu');

/** A line as it goes to the terminal, dressed already: what somebody has forgotten to make printable is made so here. */
export function printableDressed(line: string): string {
  return line.replace(dressOrUnsafe, (one) => (one.length > 1 && one.startsWith('\u001b[') ? one : escapeOf(one)));
}

function escapeOf(one: string): string {
  const code = one.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return short[one] ?? (code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`);
}
