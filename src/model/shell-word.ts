import { printable } from './printable.ts';

/** A path as one word of a command line that somebody will copy: nothing in its name becomes a command of its own. */
export function shellWord(text: string): string {
  if (printable(text) === text) return `'${text.replaceAll("'", "'\\''")}'`;
  // What cannot be typed: the quotes of bash, zsh and ksh, byte by byte.
  const bytes = [...new TextEncoder().encode(text)].map((byte) =>
    byte < 0x20 || byte > 0x7e || byte === 0x27 || byte === 0x5c
      ? `\\x${byte.toString(16).padStart(2, '0')}`
      : String.fromCharCode(byte),
  );
  return `$'${bytes.join('')}'`;
}
