export interface RestartPolicy {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** Ready for so long, an instance proves that the deaths before it are over. */
  readonly healthyMs: number;
  /** So many deaths within the window are enough. */
  readonly givesUpAfter: number;
  /** The same for a cause that does not go away by itself, as a broken block. */
  readonly hopelessAfter: number;
  readonly windowMs: number;
  /** How often a start that was refused for a cause that may go away (a volume not mounted yet) is tried again. */
  readonly refusalRetryMs: number;
}

/** 0.5 s, 1 s, 2 s ... 30 s: about a minute and a half of trying before it gives up. */
export const defaultRestartPolicy: RestartPolicy = {
  firstDelayMs: 500,
  maxDelayMs: 30_000,
  healthyMs: 60_000,
  givesUpAfter: 9,
  hopelessAfter: 3,
  windowMs: 600_000,
  refusalRetryMs: 30_000,
};

export interface Death {
  readonly atMs: number;
  /** True where the same start will end in the same way. */
  readonly hopeless: boolean;
}

export type RestartDecision = { readonly restart: true; readonly delayMs: number } | { readonly restart: false };

/** Whether and when to start again after the last of these deaths, oldest first. */
export function decideRestart(deaths: readonly Death[], policy: RestartPolicy): RestartDecision {
  const last = deaths.at(-1);
  if (last === undefined) return { restart: true, delayMs: 0 };
  const recent = deaths.filter((death) => last.atMs - death.atMs <= policy.windowMs);
  const hopeless = recent.filter((death) => death.hopeless).length;
  if (recent.length >= policy.givesUpAfter || hopeless >= policy.hopelessAfter) return { restart: false };
  return { restart: true, delayMs: Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (recent.length - 1)) };
}
