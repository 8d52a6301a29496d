import type { StackConfig } from './config.ts';
import type { ProgramPin } from './program.ts';
import type { Retention } from './retention.ts';
import type { ListedVolume } from './volume.ts';

/** stack.json: all that a rebuild needs to know, on this machine or another (docs/format/data-root.md). */
export interface StackFile {
  readonly format: 1;
  readonly stackId: string;
  readonly name: string;
  readonly createdAtMs: number;
  /** What the user wants of the stack: `down` and `teardown` set `down`, and nothing starts by itself then. */
  readonly desired: 'up' | 'down';
  readonly config: StackConfig;
  readonly volumes: readonly ListedVolume[];
  readonly programs: readonly ProgramPin[];
  /** Programs that could not be had, by the components that need them, with the reason. */
  readonly unavailable: readonly { readonly program: string; readonly reason: string }[];
  readonly retention: Retention;
}
