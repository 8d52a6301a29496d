import type { Finding } from './finding.ts';

/** The parts of an operation, in the words both platforms share. A verb is a list of phases. */
export const phaseNames = [
  'observe',
  'protect',
  'record',
  'inventory',
  'quiesce',
  'gate',
  'remove',
  'create',
  'bind',
  'start',
  'prove',
] as const;
export type PhaseName = (typeof phaseNames)[number];

/**
 * safe: makes or starts something. disruptive: stops something that can be started again.
 * destructive: removes something that cannot be made again from what is left.
 */
export type StepClass = 'safe' | 'disruptive' | 'destructive';

/** One row of a plan: plain data that names instances and not kinds of state. */
export interface StepBase {
  readonly kind: string;
  readonly phase: PhaseName;
  readonly class: StepClass;
  /** What a person reads, as `stop prometheus (pid 4711)`. */
  readonly title: string;
}

/** What is done to a stack, phase by phase of its platform. */
export type StackVerb = 'up' | 'down' | 'teardown' | 'rebuild' | 'adopt';

/** Whatever has a plan and a run. */
export type Verb = StackVerb | 'repair' | 'stitch' | 'discard';

/** The words of the command that does it. */
export function commandWords(verb: Verb): string {
  return verb === 'stitch' || verb === 'discard' ? `rescue ${verb}` : verb;
}

/** What is printed, asked about, journalled and covered by --confirm: one and the same object. */
export interface Plan<S extends StepBase = StepBase> {
  readonly operation: Verb;
  readonly stack: string;
  /** The run that these steps belong to. It is an older run's id where that run is continued. */
  readonly run: string;
  /** True where `run` was begun by an earlier command and is continued. */
  readonly continues: boolean;
  readonly steps: readonly S[];
  readonly findings: readonly Finding[];
  /** What the user's words change in stack.json: shown, one line each. */
  readonly differences: readonly Difference[];
}

export interface Difference {
  /** Dotted config key, as `prometheus.retention`. */
  readonly key: string;
  readonly from: string;
  readonly to: string;
}
