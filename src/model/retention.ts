/** An outage that retention does not count: the blocks from before it live that much longer. */
export interface RetentionRaise {
  /** Newest sample before the outage. */
  readonly fromMs: number;
  /** First moment after it. */
  readonly toMs: number;
}

/** Retention as stack.json keeps it. */
export interface Retention {
  /** What the user asked for; 0 means no time limit. */
  readonly timeMs: number;
  /** 0 means no size limit. */
  readonly sizeBytes: number;
  readonly raises: readonly RetentionRaise[];
}

/** What Prometheus is really started with. */
export interface EffectiveRetention {
  readonly timeMs: number;
  readonly sizeBytes: number;
}
