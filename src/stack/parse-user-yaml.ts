import { LineCounter, parseDocument, type Document } from 'yaml';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { UserFile } from './rendered-component.ts';

/**
 * Parses a file that the config names under `key`, scalars as the text that they are: written again, `012` and `yes`
 * stay what its reader would have read. Throws `bad-config` with one line file:line:col for each mistake.
 */
export function parseUserYaml(file: UserFile, key: string): Document {
  const lines = new LineCounter();
  const document = parseDocument(file.text, { schema: 'failsafe', lineCounter: lines, prettyErrors: false });
  if (document.errors.length === 0) return document;
  const mistakes = document.errors.map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return `${file.path}:${line}:${col} ${error.message}`;
  });
  throw badUserFile(mistakes.join('\n'), key);
}

/** The error for a file that the config names under `key`; nothing has been started with it. */
export function badUserFile(message: string, key: string): HoldfastError {
  return new HoldfastError('bad-config', {
    message,
    remedy: `Correct the file, or take it out of ${key} in the config.`,
  });
}
