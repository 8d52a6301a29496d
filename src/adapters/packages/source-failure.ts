/** `absent`: it answers that it has no such thing. `unreachable`: no connection came about. `unfit`: what it gave will not do. */
type FailureKind = 'absent' | 'unreachable' | 'unfit';

/** Why one source cannot give a program. It is passed over and named; anything else that is thrown stops the search. */
export class SourceFailure extends Error {
  /** As people know it: `github.com`, `PATH`, `Debian package prometheus`. */
  readonly source: string;
  readonly #kind: FailureKind;

  constructor(source: string, reason: string, cause?: unknown, kind: FailureKind = 'unfit') {
    super(reason, cause === undefined ? undefined : { cause });
    this.name = 'SourceFailure';
    this.source = source;
    this.#kind = kind;
  }

  static absent(source: string, reason: string): SourceFailure {
    return new SourceFailure(source, reason, undefined, 'absent');
  }

  static unreachable(source: string, reason: string, cause?: unknown): SourceFailure {
    return new SourceFailure(source, reason, cause, 'unreachable');
  }

  get isAbsence(): boolean {
    return this.#kind === 'absent';
  }

  get isUnreachable(): boolean {
    return this.#kind === 'unreachable';
  }
}
