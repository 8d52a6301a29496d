import { findStackFile, writeStackFile } from '../../../data-root/stack-file.ts';
import { updateStackFile } from '../../../data-root/update-stack-file.ts';
import type { Handler } from '../../../model/handler.ts';
import type { StackFile } from '../../../model/stack-file.ts';
import type { WriteStackFileStep } from '../standalone-step.ts';
import type { StandaloneWorld } from '../standalone-world.ts';
import { stackFileWriter } from './stack-file-writer.ts';

export function writeStackFileHandler(world: StandaloneWorld): Handler<WriteStackFileStep> {
  return {
    async isDone(step) {
      const stack = await findStackFile(world.dataRoot);
      return stack !== undefined && JSON.stringify(stack) === JSON.stringify(change(stack, step));
    },
    async apply(step) {
      if ((await findStackFile(world.dataRoot)) === undefined) await writeStackFile(world.dataRoot, newStack(step));
      else await updateStackFile(world.dataRoot, stackFileWriter(world), (stack) => change(stack, step));
    },
  };
}

/** Volumes and programs stay as they are: other steps list them once they are really there. */
function change(stack: StackFile, step: WriteStackFileStep): StackFile {
  return { ...stack, desired: step.desired, config: step.config, retention: step.retention };
}

function newStack(step: WriteStackFileStep): StackFile {
  return {
    format: 1,
    stackId: step.stackId,
    name: step.config.stack,
    createdAtMs: step.createdAtMs,
    desired: step.desired,
    config: step.config,
    volumes: [],
    programs: [],
    unavailable: [],
    retention: step.retention,
  };
}
