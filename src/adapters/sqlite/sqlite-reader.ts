/** What a check of an SQLite database found. */
export type SqliteCheck =
  | {
      readonly state: 'whole';
      readonly sizeBytes: number;
      readonly tables: number;
      readonly rows: number;
      /** What a writer that died has left, and what it undoes or brings in when the database is opened next. */
      readonly leftover: 'rollback-journal' | 'write-ahead-log' | null;
    }
  | { readonly state: 'damaged'; readonly sizeBytes: number; readonly problems: readonly string[] }
  /** Nothing can be said of it: `why` is a sentence, `remedy` what would change that. */
  | { readonly state: 'unchecked'; readonly sizeBytes: number; readonly why: string; readonly remedy: string };

export interface SqliteReader {
  /**
   * Checks a consistent copy, which is made by SQLite's backup interface where somebody may be writing; nothing is written
   * beside the file. Throws only where the file itself cannot be looked at.
   */
  check(file: string, signal: AbortSignal): Promise<SqliteCheck>;
}
