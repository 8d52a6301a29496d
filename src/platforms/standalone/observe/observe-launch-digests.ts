import { findSecrets } from '../../../data-root/secrets.ts';
import type { StackConfig } from '../../../model/config.ts';
import { processComponents, type ProcessComponent } from '../../../model/component.ts';
import type { Retention } from '../../../model/retention.ts';
import type { StackFile } from '../../../model/stack-file.ts';
import { renderFromStack } from '../../../launch/render-from-stack.ts';
import type { ProgramFact, StandaloneFacts } from '../standalone-facts.ts';

interface DigestInput {
  readonly dataRoot: string;
  readonly stackFile: StackFile | null;
  readonly wanted: { readonly config: StackConfig; readonly retention: Retention };
  readonly programs: readonly ProgramFact[];
}

/** What each component would be launched with after the plan: a running one with another digest is a step. */
export async function observeLaunchDigests(input: DigestInput): Promise<StandaloneFacts['launchDigests']> {
  const { dataRoot, stackFile, wanted, programs } = input;
  const secrets = await findSecrets(dataRoot);
  if (stackFile === null || secrets === undefined) return {};
  const stack: StackFile = { ...stackFile, config: wanted.config, retention: wanted.retention };
  const installed = programs.flatMap((program) => (program.installed === null ? [] : [program.installed]));
  const digests: Partial<Record<ProcessComponent, string | null>> = {};
  for (const component of processComponents) {
    const rendered = await renderFromStack({ stack, component, installed, dataRoot, secrets });
    digests[component] = rendered?.digest ?? null;
  }
  return digests;
}
