import { dirname } from 'node:path';
import * as z from 'zod/mini';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { makePrivateDirectory } from '../files/private-directory.ts';
import { findJsonFile } from '../files/read-json-file.ts';
import type { Handler } from '../model/handler.ts';
import type { StepBase } from '../model/plan.ts';
import type { StackRecord } from '../model/record.ts';

/** Writes what a rebuild needs to know. Done means: this run's file exists and is whole. */
export interface WriteRecordStep extends StepBase {
  readonly kind: 'write-record';
  readonly run: string;
  /** Absolute path, as the data root's records/<run>.json. */
  readonly file: string;
}

export interface WriteRecordDependencies {
  readonly readRecord: (step: WriteRecordStep, signal: AbortSignal) => Promise<StackRecord>;
}

export function createWriteRecordHandler(dependencies: WriteRecordDependencies): Handler<WriteRecordStep> {
  return {
    isDone: async (step) => (await findJsonFile(step.file, recordHead))?.run === step.run,
    apply: async (step, context) => {
      const record = await dependencies.readRecord(step, context.signal);
      await makePrivateDirectory(dirname(step.file));
      await writeFileAtomically(step.file, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
    },
  };
}

/** Enough to know whose record it is, and that it is whole; docs/format/record.md. */
const recordHead = z.looseObject({
  format: z.literal(1),
  run: z.string().check(z.minLength(1)),
  writtenAtMs: z.number(),
  stack: z.looseObject({ stackId: z.string().check(z.minLength(1)) }),
});
