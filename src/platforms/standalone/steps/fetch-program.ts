import { join } from 'node:path';
import { findStackFile } from '../../../data-root/stack-file.ts';
import { updateStackFile } from '../../../data-root/update-stack-file.ts';
import { findVolumeIdentity } from '../../../data-root/volume-identity.ts';
import { HoldfastError } from '../../../errors/holdfast-error.ts';
import type { Handler, StepContext } from '../../../model/handler.ts';
import type { InstalledProgram, ProgramPin } from '../../../model/program.ts';
import type { StackFile } from '../../../model/stack-file.ts';
import { judgeProgramVersion } from '../../../rules/program-version.ts';
import type { Acquired } from '../../../adapters/packages/program-store.ts';
import type { FetchProgramStep } from '../standalone-step.ts';
import type { StandaloneWorld } from '../standalone-world.ts';
import { stackFileWriter } from './stack-file-writer.ts';

/**
 * Gets a program and pins it in stack.json. An upgrade is done once this run has asked, whether it found a newer one or
 * not; everything else is done when the pinned program is whole on this machine, or is known to be unavailable.
 */
export function fetchProgramHandler(world: StandaloneWorld): Handler<FetchProgramStep> {
  const asked = new Set<string>();
  return {
    async isDone(step) {
      if (step.upgradeRun !== null) return asked.has(step.program);
      const stack = await findStackFile(world.dataRoot);
      const pin = stack?.programs.find((program) => program.name === step.program);
      if (pin !== undefined) return (await world.programs.find(pin, step.configured ?? undefined)) !== undefined;
      return asked.has(step.program) && !step.required;
    },
    async apply(step, context) {
      const acquired = await world.programs.acquire(step.program, {
        configured: step.configured ?? undefined,
        pin: step.pin ?? undefined,
        programSource: step.programSource,
        upgrade: step.upgradeRun !== null,
        onProgress: (progress) =>
          context.progress({
            done: progress.receivedBytes,
            total: progress.totalBytes,
            unit: 'bytes',
            text: `${progress.program} from ${progress.from}`,
          }),
        signal: context.signal,
      });
      for (const { source, reason } of acquired.passedOver)
        context.say(`${step.program}: passed over ${source}: ${reason}`);
      await pinProgram(world, step, acquired, context);
      asked.add(step.program);
    },
  };
}

async function pinProgram(
  world: StandaloneWorld,
  step: FetchProgramStep,
  acquired: Acquired,
  context: StepContext,
): Promise<void> {
  const { program } = acquired;
  const reason = acquired.passedOver.map((source) => `${source.source}: ${source.reason}`).join('; ');
  if (program === undefined && step.required) throw unavailable(step, reason);
  if (program !== undefined) await refuseOlder(world, program);
  await updateStackFile(world.dataRoot, stackFileWriter(world), (stack) =>
    program === undefined ? withoutProgram(stack, step, reason) : withProgram(stack, toPin(program)),
  );
  if (program === undefined) context.say(`${step.program} is unavailable: ${reason}`);
  else context.say(`${step.program} ${program.version} (${program.origin})`);
}

/** A program that is older than what has last written the volume is never pinned: nothing would start on it any more. */
async function refuseOlder({ dataRoot }: StandaloneWorld, program: InstalledProgram): Promise<void> {
  const stack = await findStackFile(dataRoot);
  const volume = stack?.volumes.find((listed) => listed.component === program.name);
  if (volume === undefined) return;
  const lastWriter = (await findVolumeIdentity(join(dataRoot, volume.path)))?.lastWriter;
  if (lastWriter?.program !== program.name) return;
  const refusal = judgeProgramVersion(program.name, program.version, lastWriter.version);
  if (refusal !== undefined) throw refusal;
}

function withProgram(stack: StackFile, pin: ProgramPin): StackFile {
  return {
    ...stack,
    programs: [...stack.programs.filter((program) => program.name !== pin.name), pin],
    unavailable: stack.unavailable.filter((entry) => entry.program !== pin.name),
  };
}

function withoutProgram(stack: StackFile, step: FetchProgramStep, reason: string): StackFile {
  const others = stack.unavailable.filter((entry) => entry.program !== step.program);
  return { ...stack, unavailable: [...others, { program: step.program, reason }] };
}

function toPin(program: InstalledProgram): ProgramPin {
  const { name, version, source, sha256, origin, modified } = program;
  return { name, version, source, sha256, origin, modified };
}

function unavailable(step: FetchProgramStep, reason: string): HoldfastError {
  const what = step.pin === null ? step.program : `${step.program} ${step.pin.version}, which stack.json pins,`;
  return new HoldfastError('program-unavailable', {
    message: `${what} could not be had: ${reason}. The data is untouched.`,
    remedy:
      step.pin === null
        ? `Install ${step.program}, or name its path under programs: in the config file.`
        : `Name the path of that version under programs: in the config file, or take a newer one with \`holdfast up --upgrade\`.`,
    details: { program: step.program },
  });
}
