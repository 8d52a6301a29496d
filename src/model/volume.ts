import type { VolumeComponent } from './component.ts';

/** `.holdfast.json` at a volume's root: whose data this is (docs/format/identity.md). */
export interface VolumeIdentity {
  readonly format: 1;
  readonly stackId: string;
  readonly stack: string;
  readonly component: VolumeComponent;
  readonly volumeId: string;
  readonly createdAtMs: number;
  /** The newest program version that wrote here; an older one is refused. Absent until the first start. */
  readonly lastWriter?: { readonly program: string; readonly version: string };
}

/** What stack.json lists of a volume. */
export interface ListedVolume {
  readonly component: VolumeComponent;
  readonly id: string;
  /** Relative to the data root, as `volumes/prometheus`. */
  readonly path: string;
  readonly state: 'present';
  readonly createdAtMs: number;
  readonly adoptedFrom?: string;
}

/** How the directory of a listed volume was found. Everything but `ok` is a refusal. */
export type VolumeCondition =
  | { readonly state: 'ok'; readonly identity: VolumeIdentity }
  | { readonly state: 'missing' }
  | { readonly state: 'empty' }
  | { readonly state: 'foreign'; readonly identity: VolumeIdentity }
  | { readonly state: 'unreadable'; readonly reason: string };
