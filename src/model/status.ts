import type { ComponentName, ComponentState, VolumeComponent } from './component.ts';
import type { Finding } from './finding.ts';
import type { Verb } from './plan.ts';
import type { RunState } from './run.ts';

export interface ComponentStatus {
  readonly name: ComponentName;
  readonly state: ComponentState;
  /** `http://127.0.0.1:30090`, or null where it has none. */
  readonly address: string | null;
  readonly version: string | null;
  readonly pid: number | null;
  readonly since: string | null;
  readonly restarts: number;
  readonly reason: string | null;
}

export interface VolumeStatus {
  readonly component: VolumeComponent;
  /** Absolute. */
  readonly path: string;
  readonly id: string;
  readonly state: 'ok' | 'missing' | 'empty' | 'foreign' | 'unreadable';
  readonly sizeBytes: number | null;
  readonly oldestMs: number | null;
  readonly newestMs: number | null;
}

/** The result of `holdfast status --json`. */
export interface StatusReport {
  readonly ok: boolean;
  readonly stack: string;
  readonly platform: 'standalone';
  readonly dataRoot: string;
  readonly desired: 'up' | 'down';
  /** When the daemon last looked; the age of everything below. */
  readonly observedAtMs: number;
  readonly daemon: { readonly pid: number; readonly afterReboot: boolean } | null;
  readonly components: readonly ComponentStatus[];
  readonly volumes: readonly VolumeStatus[];
  readonly findings: readonly Finding[];
  readonly lastRun: {
    readonly run: string;
    readonly verb: Verb;
    readonly state: RunState;
    readonly startedAtMs: number;
  } | null;
  readonly lastProof: {
    readonly run: string;
    readonly provedAtMs: number;
    readonly ok: boolean;
    readonly lostSamples: number;
    readonly completeToMs: number | null;
  } | null;
}
