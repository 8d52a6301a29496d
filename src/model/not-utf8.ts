/** What Node shows in the place of bytes of a name that are not UTF-8: nothing is found by such a name any more. */
const replacement = '\ufffd';

/** True of a path that was not found: one that holds this character itself is found. */
export function isNotUtf8(path: string): boolean {
  return path.includes(replacement);
}

export const notUtf8Reason = 'its name, or one on the way to it, is not UTF-8';
export const notUtf8Remedy =
  'Rename it to a name that is UTF-8 (`ls -b` shows the bytes of the one that it has), then run the same command again.';
