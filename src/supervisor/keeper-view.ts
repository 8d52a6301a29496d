import type { InstanceFile } from '../contract/daemon-api.ts';
import type { ComponentState, ProcessComponent } from '../model/component.ts';
import type { ProcessIdentity } from '../model/process-identity.ts';

/** `idle`: nothing runs and nothing will by itself; whether that means stopped or held, stack.json and the file say. */
export type Phase = Exclude<ComponentState, 'stopped' | 'held' | 'not-applicable' | 'unknown'> | 'idle';

/** What the keeper knows of its component at this moment. */
export interface KeeperView {
  readonly component: ProcessComponent;
  readonly phase: Phase;
  readonly sinceMs: number;
  /** Why it does not run, or why it last died. */
  readonly reason: string | null;
  readonly remedy: string | null;
  readonly identity: ProcessIdentity | null;
  /** As it was written last; null before the first start. */
  readonly file: InstanceFile | null;
}

/** The state that people and programs are shown. */
export function stateOf(view: KeeperView, desired: 'up' | 'down'): ComponentState {
  if (view.phase !== 'idle') return view.phase;
  return view.file?.wanted === 'held' && desired === 'up' ? 'held' : 'stopped';
}
