import type { StepBase } from '../../model/plan.ts';
import type { MemoryComponent, MemoryConfig } from './memory-state.ts';

export type MemoryStep =
  | WriteStackStep
  | CreateVolumeStep
  | AdoptVolumeStep
  | WriteRecordStep
  | TakeInventoryStep
  | StopInstanceStep
  | RemoveRuntimeStep
  | StartInstanceStep
  | ProveStep
  | AcceptLossStep;

export interface WriteStackStep extends StepBase {
  readonly kind: 'write-stack';
  readonly stackId: string;
  readonly name: string;
  readonly config: MemoryConfig;
}

export interface CreateVolumeStep extends StepBase {
  readonly kind: 'create-volume';
  readonly component: MemoryComponent;
  readonly volumeId: string;
}

export interface AdoptVolumeStep extends StepBase {
  readonly kind: 'adopt-volume';
  readonly component: MemoryComponent;
  readonly volumeId: string;
  readonly from: string;
}

export interface WriteRecordStep extends StepBase {
  readonly kind: 'write-record';
  readonly run: string;
}

export interface TakeInventoryStep extends StepBase {
  readonly kind: 'take-inventory';
  readonly run: string;
}

export interface StopInstanceStep extends StepBase {
  readonly kind: 'stop-instance';
  readonly component: MemoryComponent;
  readonly pid: number;
}

export interface RemoveRuntimeStep extends StepBase {
  readonly kind: 'remove-runtime';
  readonly component: MemoryComponent;
  /** Names the file's instance: a file that a later start has written is another one. */
  readonly token: string;
}

export interface StartInstanceStep extends StepBase {
  readonly kind: 'start-instance';
  readonly component: MemoryComponent;
  readonly run: string;
}

export interface ProveStep extends StepBase {
  readonly kind: 'prove';
  readonly run: string;
}

export interface AcceptLossStep extends StepBase {
  readonly kind: 'accept-loss';
  readonly run: string;
}
