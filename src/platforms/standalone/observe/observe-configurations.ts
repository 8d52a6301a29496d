import type { ConfigChecker } from '../../../adapters/checkers/config-checker.ts';
import { findSecrets } from '../../../data-root/secrets.ts';
import type { HoldfastError } from '../../../errors/holdfast-error.ts';
import { checkLaunch } from '../../../launch/check-launch.ts';
import type { StackFile } from '../../../model/stack-file.ts';
import type { InstanceFact, ProgramFact, StandaloneFacts } from '../standalone-facts.ts';

interface ConfigurationInput {
  readonly dataRoot: string;
  readonly stackFile: StackFile | null;
  readonly wanted: StandaloneFacts['wanted'];
  readonly programs: readonly ProgramFact[];
  readonly instances: readonly InstanceFact[];
  readonly launchDigests: StandaloneFacts['launchDigests'];
  readonly check: ConfigChecker;
  readonly temporaryDirectory: string;
  readonly signal: AbortSignal;
}

/** Refusals of the components' own checkers. What runs with the very same configuration needs no check. */
export async function observeConfigurations(input: ConfigurationInput): Promise<readonly HoldfastError[]> {
  const { stackFile, wanted, dataRoot } = input;
  const secrets = await findSecrets(dataRoot);
  if (stackFile === null || secrets === undefined) return [];
  const stack: StackFile = { ...stackFile, config: wanted.config, retention: wanted.retention };
  const installed = input.programs.flatMap((program) => (program.installed === null ? [] : [program.installed]));
  const refusals: HoldfastError[] = [];
  for (const component of ['prometheus', 'alertmanager'] as const) {
    const running = input.instances.find((instance) => instance.component === component);
    if (running !== undefined && running.launchDigest === input.launchDigests[component]) continue;
    const refusal = await checkLaunch({ ...input, stack, component, installed, secrets });
    if (refusal !== undefined) refusals.push(refusal);
  }
  return refusals;
}
