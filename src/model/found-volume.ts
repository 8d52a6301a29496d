import type { VolumeComponent } from './component.ts';

/** What a directory on a share is to its neighbours; `quarantine` is what a repair has moved aside. */
export type VolumeForm = 'volume' | 'archived' | 'snapshot' | 'copy' | 'quarantine';

/** A volume that was found on a share, by what lies in it. */
export interface FoundVolume {
  /** Absolute path of the directory that was one volume, or of the data directory where it is not in one. */
  readonly path: string;
  /** Where the program's own files lie; the same or one below. */
  readonly dataDirectory: string;
  readonly kind: VolumeComponent;
  readonly form: VolumeForm;
  /** Name of the stack it belongs to, and the claim it was made for; null where nothing tells. */
  readonly stack: string | null;
  readonly claim: string | null;
  /** What told them. */
  readonly by: 'identity' | 'name' | 'labels' | null;
  /** Who uses it now; null for an orphan. */
  readonly boundTo: { readonly stack: string; readonly dataRoot: string } | null;
  /** Prometheus: what its blocks span, by their meta.json. The head behind it is not read. */
  readonly coverage: {
    readonly fromMs: number | null;
    readonly toMs: number | null;
    readonly blocks: number;
    readonly samples: number;
    /** True where there is a WAL, whose samples are newer than `toMs`. */
    readonly hasHead: boolean;
  } | null;
  readonly sizeBytes: number;
  /** Where it, or a directory around it, was discarded; null for one that was not. */
  readonly discarded: DiscardedVolume | null;
  /** The newest change of a file that its program writes to. */
  readonly lastWriteMs: number | null;
  /** What can be seen without reading its bytes; `check` reads them. */
  readonly damage: readonly string[];
  /** Other volumes that hold some of the same blocks; for each block at most the first fifty. */
  readonly duplicates: readonly { readonly path: string; readonly blocks: number }[];
  /** Values found in the newest block: a few of each, sorted. */
  readonly labels: {
    readonly job: readonly string[];
    readonly instance: readonly string[];
    readonly cluster: readonly string[];
  };
}

export interface DiscardedVolume {
  /** Absolute path of the directory that was renamed. */
  readonly path: string;
  /** What it was called. */
  readonly name: string;
  readonly sinceMs: number;
  /** From then on it may be removed; null where it has no mark, so that nothing removes it. */
  readonly removableMs: number | null;
  /** Where its samples were when it was discarded. */
  readonly keptIn: readonly string[];
}

export interface RescueSurvey {
  readonly volumes: readonly FoundVolume[];
  /** Directories that were looked at. */
  readonly directories: number;
  /** Directories that could not be looked at, with the reason; nothing is passed over silently. */
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[];
}
