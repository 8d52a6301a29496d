import type { Finding } from '../../model/finding.ts';

/** Told before and after: no real Prometheus stands for this result, only the bytes. */
export function notOpenedFinding(into: string, reason: string): Finding {
  return {
    rule: 'not-opened',
    severity: 'warning',
    object: into,
    message: `No real Prometheus opens the result before it gets its place: ${reason}. Its bytes are proven all the same.`,
    remedy:
      'Have a Prometheus on the PATH, or named by programs.prometheus in the config, before you stitch; else start one on a copy of the result.',
  };
}
