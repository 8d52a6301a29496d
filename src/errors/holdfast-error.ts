import { errorCodes, exitStatus, statusOfSignal, type ErrorCode, type ErrorKind } from './codes.ts';

export interface HoldfastErrorOptions {
  /** Names the object, and says what is still safe where that is not obvious. */
  readonly message: string;
  /** One command or one sentence. */
  readonly remedy: string;
  /** Machine-readable facts; never secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Every error that is not a bug. Match on `code`, never on the message. */
export class HoldfastError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, options: HoldfastErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HoldfastError';
    this.code = code;
    this.remedy = options.remedy;
    this.details = options.details ?? {};
  }

  get kind(): ErrorKind {
    return errorCodes[this.code].kind;
  }

  get exitStatus(): number {
    const { signal } = this.details;
    const bySignal = typeof signal === 'string' ? statusOfSignal[signal] : undefined;
    return this.code === 'cancelled' && bySignal !== undefined ? bySignal : exitStatus[this.kind];
  }
}

export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): error is HoldfastError {
  return error instanceof HoldfastError && codes.includes(error.code);
}

/** The form that `--json` prints. */
export interface ErrorObject {
  readonly code: string;
  readonly kind: string;
  readonly message: string;
  readonly remedy: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export function toErrorObject(error: unknown): ErrorObject {
  if (error instanceof HoldfastError) {
    const { code, kind, message, remedy, details } = error;
    return { code, kind, message, remedy, details };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'bug', kind: 'bug', message, remedy: 'Please report this with the lines above.', details: {} };
}
