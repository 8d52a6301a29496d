import type { VolumeComponent } from '../../model/component.ts';
import type { TsdbCheck } from '../../model/tsdb-check.ts';

export interface ComponentCheck extends TsdbCheck {
  readonly component: VolumeComponent;
  /** The data directory that was read. */
  readonly directory: string;
}

/** Of all volumes of a stack. */
export interface StackCheck extends TsdbCheck {
  /** Prometheus' own. */
  readonly directory: string | null;
  readonly volumes: readonly ComponentCheck[];
}

/**
 * All of them as one, in the shape of one of them: files of other components than Prometheus have its name before theirs,
 * as `alertmanager/nflog`.
 */
export function mergeChecks(volumes: readonly ComponentCheck[]): StackCheck {
  const sum = (of: (check: ComponentCheck) => number) => volumes.reduce((total, check) => total + of(check), 0);
  return {
    directory: volumes.find(({ component }) => component === 'prometheus')?.directory ?? null,
    ok: volumes.every(({ ok }) => ok),
    bytes: sum(({ bytes }) => bytes),
    seconds: sum(({ seconds }) => seconds),
    findings: volumes.flatMap(({ component, findings }) =>
      component === 'prometheus'
        ? findings
        : findings.map((finding) => ({ ...finding, file: `${component}/${finding.file}` })),
    ),
    volumes,
  };
}
