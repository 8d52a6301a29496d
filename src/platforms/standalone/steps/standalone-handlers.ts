import type { Handlers } from '../../../model/handler.ts';
import { provenComponents } from '../../../rules/proven-components.ts';
import { createProveHandler } from '../../../steps/prove.ts';
import { createTakeInventoryHandler } from '../../../steps/take-inventory.ts';
import { createWriteRecordHandler } from '../../../steps/write-record.ts';
import type { StandaloneStep } from '../standalone-step.ts';
import type { StandaloneWorld } from '../standalone-world.ts';
import { acceptLossHandler } from './accept-loss.ts';
import { adoptVolumeHandler } from './adopt-volume.ts';
import { awaitOkHandler } from './await-ok.ts';
import { breakLocksHandler } from './break-locks.ts';
import { createSecretsHandler } from './create-secrets.ts';
import { createVolumeHandler } from './create-volume.ts';
import { readInventoryWorld, readProofWorld, readStackRecord } from './evidence-worlds.ts';
import { fetchProgramHandler } from './fetch-program.ts';
import { purgeProgramsHandler } from './purge-programs.ts';
import { removeRenderedHandler, removeRuntimeHandler } from './remove-rendered.ts';
import { startComponentHandler } from './start-component.ts';
import { startDaemonHandler } from './start-daemon.ts';
import { stopDaemonHandler } from './stop-daemon.ts';
import { stopProcessHandler } from './stop-process.ts';
import { writeStackFileHandler } from './write-stack-file.ts';

/** One handler for each kind of step of this platform: a missing one is a compile error. */
export function standaloneHandlers(world: StandaloneWorld): Handlers<StandaloneStep> {
  return {
    'write-stack-file': writeStackFileHandler(world),
    'create-secrets': createSecretsHandler(world),
    'fetch-program': fetchProgramHandler(world),
    'create-volume': createVolumeHandler(world),
    'adopt-volume': adoptVolumeHandler(world),
    'start-daemon': startDaemonHandler(world),
    'stop-daemon': stopDaemonHandler(world),
    'stop-process': stopProcessHandler(world),
    'start-component': startComponentHandler(world),
    'remove-rendered': removeRenderedHandler(world),
    'remove-runtime': removeRuntimeHandler(world),
    'purge-programs': purgeProgramsHandler(world),
    'await-ok': awaitOkHandler(world),
    'accept-loss': acceptLossHandler(world),
    'break-locks': breakLocksHandler(world),
    'write-record': createWriteRecordHandler({ readRecord: (step) => readStackRecord(world, step.run) }),
    'take-inventory': createTakeInventoryHandler({
      readWorld: (_step, signal) => readInventoryWorld(world, signal),
      now: () => world.now(),
    }),
    prove: createProveHandler({
      readWorld: (_step, signal) => readProofWorld(world, signal),
      now: () => world.now(),
      settle: async (proof) => {
        for (const component of provenComponents(proof)) await world.dropSetAside(component, proof.provedAtMs);
      },
    }),
  };
}
