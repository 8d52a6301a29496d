import { parseJournalLine } from './journal-line.ts';
import type { JournalEntry } from '../model/run.ts';

/** A journal as far as it can be read: the entries in their order, and a hole for every line that is damaged. */
export interface JournalContent {
  readonly lines: readonly (JournalEntry | 'damaged')[];
  /** Each damaged line said in words. A last line without a line feed is a crash's usual trace and is left out. */
  readonly damage: readonly string[];
}

/** Never throws, whatever the bytes are. */
export function readJournal(bytes: Uint8Array): JournalContent {
  const lines: (JournalEntry | 'damaged')[] = [];
  const damage: string[] = [];
  let start = 0;
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
    const parsed = parseJournalLine(bytes.subarray(start, end));
    start = end + 1;
    if ('entry' in parsed) lines.push(parsed.entry);
    else {
      lines.push('damaged');
      damage.push(`line ${lines.length}: ${parsed.damage}`);
    }
  }
  return { lines, damage };
}
