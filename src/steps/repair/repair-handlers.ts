import { HoldfastError } from '../../errors/holdfast-error.ts';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomically } from '../../files/atomic-file.ts';
import { withFsErrors } from '../../files/fs-errors.ts';
import type { Handler, Handlers } from '../../model/handler.ts';
import type { CountBeforeStep, RepairStep, WriteManifestStep } from '../../model/repair-step.ts';
import { fillHoleHandler } from './fill-hole.ts';
import { makeCheckpointHandler } from './make-checkpoint.ts';
import { moveAsideHandler } from './move-aside.ts';
import { renameSegmentHandler } from './rename-segment.ts';
import { createProveRepairHandler } from './prove-repair.ts';
import { findCountedBefore, findManifest } from '../../data-root/quarantine-files.ts';
import { taskOptions, type RepairDependencies } from './repair-dependencies.ts';
import { createRewriteBlockHandler } from './rewrite-block.ts';
import { createRewriteSegmentHandler } from './rewrite-segment.ts';

export function createRepairHandlers(dependencies: RepairDependencies): Handlers<RepairStep> {
  return {
    'write-manifest': writeManifestHandler,
    'count-before': createCountBeforeHandler(dependencies),
    'rewrite-block': createRewriteBlockHandler(dependencies),
    'move-aside': moveAsideHandler,
    'rewrite-segment': createRewriteSegmentHandler(dependencies),
    'make-checkpoint': makeCheckpointHandler,
    'rename-segment': renameSegmentHandler,
    'fill-hole': fillHoleHandler,
    'prove-repair': createProveRepairHandler(dependencies),
  };
}

/** Before anything is moved there, the quarantine says what it is for. */
const writeManifestHandler: Handler<WriteManifestStep> = {
  isDone: async ({ file, manifest }) => {
    const found = await findManifest(file).catch(ifCorrupt);
    return found?.run === manifest.run && found.entries.length === manifest.entries.length;
  },
  apply: async ({ file, manifest }) => {
    await withFsErrors(file, 'write', () => mkdir(dirname(file), { recursive: true, mode: 0o700 }));
    await writeFileAtomically(file, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
  },
};

/** The same at every moment of a repair: what was moved is looked up in the quarantine. */
function createCountBeforeHandler({ runTask }: RepairDependencies): Handler<CountBeforeStep> {
  return {
    isDone: async ({ file }) => (await findCountedBefore(file).catch(ifCorrupt)) !== undefined,
    apply: async ({ directory, folder, made, file }, context) => {
      const task = { kind: 'inventory', directory, settledMs: null, beforeRepair: { folder, made } } as const;
      const inventory = await runTask(task, taskOptions(context, directory));
      await writeFileAtomically(file, `${JSON.stringify({ format: 2, inventory })}\n`, { mode: 0o600 });
    },
  };
}

/** It can be made again, so that one which cannot be read stands in nobody's way. */
function ifCorrupt(error: unknown): undefined {
  if (error instanceof HoldfastError && error.kind === 'corruption') return undefined;
  throw error;
}
