import type { ProcessComponent } from '../../model/component.ts';

/** One alert of Holdfast's own. Its page is docs/runbooks/<alert>.md. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly forMs: number;
  readonly severity: 'critical' | 'warning' | 'info';
  readonly summary: string;
  readonly description: string;
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly AlertRule[];
}

export interface RuleInput {
  readonly scrapeIntervalMs: number;
  /** Components that run here: there is no rule about one that does not. */
  readonly present: readonly ProcessComponent[];
}

/** A range for rate(): 5 minutes, or 4 scrapes where they are further apart, in ms. */
export function rateWindowMs({ scrapeIntervalMs }: RuleInput): number {
  return Math.max(5 * 60_000, 4 * scrapeIntervalMs);
}
