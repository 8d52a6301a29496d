interface Place {
  readonly file: number;
  readonly offset: number;
}

/** Where the last head chunk begins that Prometheus loads: it deletes a damaged file, and all after it (head.go removeCorruptedMmappedChunks). */
export class LastChunk {
  private last: Place = { file: 0, offset: 0 };
  private ofEarlierFiles = this.last;
  private isDamaged = false;

  /** To be told every chunk, file by file. */
  note(file: number, offset: number): void {
    if (this.isDamaged) return;
    if (file !== this.last.file) this.ofEarlierFiles = this.last;
    this.last = { file, offset };
  }

  /** Told behind the chunks of that file. */
  noteDamage(file: number): void {
    if (!this.isDamaged && this.last.file === file) this.last = this.ofEarlierFiles;
    this.isDamaged = true;
  }

  /** Whether a chunk that begins there would have been loaded. */
  isAtOrBehind(file: number, offset: number): boolean {
    return file < this.last.file || (file === this.last.file && offset <= this.last.offset);
  }
}
