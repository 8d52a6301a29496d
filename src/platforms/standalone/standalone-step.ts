import type { ProcessComponent, VolumeComponent } from '../../model/component.ts';
import type { StackConfig } from '../../model/config.ts';
import type { StepBase } from '../../model/plan.ts';
import type { ProcessIdentity } from '../../model/process-identity.ts';
import type { ProgramName, ProgramPin } from '../../model/program.ts';
import type { Retention } from '../../model/retention.ts';
import type { ProveStep } from '../../steps/prove.ts';
import type { TakeInventoryStep } from '../../steps/take-inventory.ts';
import type { WriteRecordStep } from '../../steps/write-record.ts';

/** What stack.json shall say; programs and volumes are put in by the steps that make them. */
export interface WriteStackFileStep extends StepBase {
  readonly kind: 'write-stack-file';
  readonly stackId: string;
  readonly createdAtMs: number;
  readonly config: StackConfig;
  readonly retention: Retention;
  readonly desired: 'up' | 'down';
}

export interface CreateSecretsStep extends StepBase {
  readonly kind: 'create-secrets';
}

export interface FetchProgramStep extends StepBase {
  readonly kind: 'fetch-program';
  readonly program: ProgramName;
  /** Without it the component cannot run and the plan fails; else the component is `unavailable`. */
  readonly required: boolean;
  readonly pin: ProgramPin | null;
  readonly configured: string | null;
  /** Base URL in the place of the official release sites, or null. */
  readonly programSource: string | null;
  /** The run that asks the sources for a newer one, or null. */
  readonly upgradeRun: string | null;
}

export interface CreateVolumeStep extends StepBase {
  readonly kind: 'create-volume';
  readonly component: VolumeComponent;
  readonly volumeId: string;
}

/** Copies a directory that holds data into a new volume, and leaves the directory as it was. */
export interface AdoptVolumeStep extends StepBase {
  readonly kind: 'adopt-volume';
  readonly component: VolumeComponent;
  readonly volumeId: string;
  /** Absolute path of the directory whose content becomes the program's data directory. */
  readonly from: string;
  /** Pushgateway: the name of its file there, which gets the name that ours is told; else null. */
  readonly dataFile: string | null;
  readonly sizeBytes: number;
}

export interface StartDaemonStep extends StepBase {
  readonly kind: 'start-daemon';
}

export interface StopDaemonStep extends StepBase {
  readonly kind: 'stop-daemon';
  readonly identity: ProcessIdentity;
}

export interface StopProcessStep extends StepBase {
  readonly kind: 'stop-process';
  readonly component: ProcessComponent;
  readonly identity: ProcessIdentity;
}

export interface StartComponentStep extends StepBase {
  readonly kind: 'start-component';
  readonly component: ProcessComponent;
  readonly volumeId: string | null;
  readonly run: string;
}

/** Rendered configuration of components that are not running; it is made again at their next start. */
export interface RemoveRenderedStep extends StepBase {
  readonly kind: 'remove-rendered';
  readonly components: readonly ProcessComponent[];
}

/** The whole of run/, once the daemon has ended. */
export interface RemoveRuntimeStep extends StepBase {
  readonly kind: 'remove-runtime';
}

export interface PurgeProgramsStep extends StepBase {
  readonly kind: 'purge-programs';
}

/** Waits until `status` would be ok. */
export interface AwaitOkStep extends StepBase {
  readonly kind: 'await-ok';
}

export interface AcceptLossStep extends StepBase {
  readonly kind: 'accept-loss';
  readonly run: string;
}

/** Lock files of another host that the user says is gone. */
export interface BreakLocksStep extends StepBase {
  readonly kind: 'break-locks';
  /** Relative to the data root. */
  readonly files: readonly string[];
}

export type StandaloneStep =
  | WriteStackFileStep
  | CreateSecretsStep
  | FetchProgramStep
  | CreateVolumeStep
  | AdoptVolumeStep
  | StartDaemonStep
  | StopDaemonStep
  | StopProcessStep
  | StartComponentStep
  | RemoveRenderedStep
  | RemoveRuntimeStep
  | PurgeProgramsStep
  | AwaitOkStep
  | AcceptLossStep
  | BreakLocksStep
  | WriteRecordStep
  | TakeInventoryStep
  | ProveStep;
