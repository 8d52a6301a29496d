import type { PushgatewayInventory } from '../../model/inventory.ts';

/** What a real Pushgateway made of a copy of its file. */
export type LoadedPushgatewayFile =
  | { readonly state: 'loaded'; readonly version: string; readonly groups: PushgatewayInventory['groups'] }
  /** It says so itself, or cannot answer what it has loaded. */
  | { readonly state: 'refused'; readonly reason: string }
  /** There is none here, or it did not start for another reason. */
  | { readonly state: 'not-asked'; readonly reason: string };

export interface PushgatewayProgram {
  readonly path: string;
  readonly workingDirectory: string | null;
  /** Flags that its build needs besides. */
  readonly arguments: readonly string[];
}

/** Writes nothing beside the file, and nothing into it. */
export interface PushgatewayLoader {
  /** What is wrong with the frame of the file, in words; undefined where it looks sound. */
  findFault(file: string): Promise<string | undefined>;
  /** Starts a Pushgateway on a copy in a place of its own, and asks it. Null for the program on the path, if any. */
  load(file: string, program: PushgatewayProgram | null, signal: AbortSignal): Promise<LoadedPushgatewayFile>;
}
