import type { StackFile } from './stack-file.ts';

/** What a teardown writes so that a rebuild knows everything (docs/format/record.md). */
export interface StackRecord {
  readonly format: 1;
  readonly run: string;
  readonly writtenAtMs: number;
  readonly host: string;
  readonly holdfastVersion: string;
  readonly stack: StackFile;
  /** The components that ran, with their versions and addresses. */
  readonly components: readonly { readonly name: string; readonly version: string | null; readonly address: string }[];
}
