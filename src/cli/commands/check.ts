import { resolve } from 'node:path';
import { followSymlinks } from '../../config/data-root.ts';
import { findStackFile, getStackFile } from '../../data-root/stack-file.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { isComponentName, isVolumeComponent } from '../../model/component.ts';
import type { StackFile } from '../../model/stack-file.ts';
import type { TsdbCheck } from '../../model/tsdb-check.ts';
import { observeTsdbCheck } from '../../observations/check.ts';
import { checkComponentData } from '../../observations/component-data/check-component.ts';
import { locateData, locateVolume, type LocatedData } from '../../observations/component-data/locate-data.ts';
import { mergeChecks, type ComponentCheck } from '../../observations/component-data/merge-checks.ts';
import type { CommandContext, CommandInput, CommandResult } from '../command.ts';
import { openDataRoot } from '../open-data-root.ts';

/** `holdfast check [DIR|COMPONENT]`: every byte of a TSDB, or of what another component keeps, and what is wrong with it. */
export async function runCheck(input: CommandInput, context: CommandContext): Promise<CommandResult> {
  const targets = await findTargets(input, context);
  const checks: ComponentCheck[] = [];
  for (const target of targets) checks.push(await checkOne(target, input, context));
  const [first] = checks;
  const value = checks.length === 1 && first !== undefined ? first : mergeChecks(checks);
  return {
    value,
    ...(value.ok ? {} : { error: damaged(checks) }),
    text: async (style) => {
      const { renderCheck } = await import('../../report/render-check.ts');
      return checks.flatMap((check, number) => [...(number === 0 ? [] : ['']), ...renderCheck(check, style)]);
    },
  };
}

interface Target extends LocatedData {
  /** Where it is a volume of this data root's stack. */
  readonly stack: StackFile | undefined;
}

/** All volumes of the stack where nothing is named. */
async function findTargets(
  { arguments: [named], flags }: CommandInput,
  context: CommandContext,
): Promise<readonly Target[]> {
  const { dataRoot } = await openDataRoot(flags, context);
  if (named === undefined || isVolumeComponent(named)) {
    const stack = await getStackFile(dataRoot);
    const components = stack.volumes.map(({ component }) => component);
    const wanted = named === undefined ? [...new Set(['prometheus' as const, ...components])] : [named];
    return wanted.map((component) => ({ ...locateVolume(dataRoot, stack, component), stack }));
  }
  if (isComponentName(named)) throw keepsNothing(named);
  const directory = await followSymlinks(resolve(context.workingDirectory, named));
  const located = await locateData(directory);
  // A data root whose stack.json cannot be read is not what was asked about.
  const stack = await findStackFile(dataRoot).catch(() => undefined);
  const volume = stack === undefined ? undefined : locateVolume(dataRoot, stack, located.component).volume;
  const ours = volume === undefined ? undefined : await followSymlinks(volume);
  const isOurs = ours !== undefined && (directory === ours || directory.startsWith(`${ours}/`));
  return [{ ...located, stack: isOurs ? stack : undefined }];
}

async function checkOne(target: Target, input: CommandInput, context: CommandContext): Promise<ComponentCheck> {
  const { component, directory, stack, dataFile } = target;
  const { signal } = context;
  if (component === 'prometheus') {
    const readers = await context.world.openTsdb();
    const options = { maxBytesPerSecond: input.flags.maxRate ?? null, stack };
    const progress = context.reporter.progress.bind(context.reporter);
    return { component, ...(await observeTsdbCheck(directory, options, { readers, progress, signal })) };
  }
  const startedMs = performance.now();
  const checkers = await context.world.openDataCheckers();
  const program = component === 'pushgateway' && stack !== undefined ? await checkers.findPushgateway(stack) : null;
  const { bytes, findings } = await checkComponentData({ component, directory, dataFile, program }, checkers, signal);
  const ok = findings.every(({ severity }) => severity !== 'error');
  return { component, directory, ok, bytes, seconds: (performance.now() - startedMs) / 1000, findings };
}

function keepsNothing(name: string): HoldfastError {
  return new HoldfastError('bad-arguments', {
    message: `${name} keeps no data that could be checked.`,
    remedy: 'Name a directory, as ./NAME, or prometheus, alertmanager, pushgateway or grafana.',
  });
}

function damaged(checks: readonly ComponentCheck[]): HoldfastError {
  const bad = checks.filter(({ ok }) => !ok);
  const errors = bad.flatMap(errorsIn);
  const [first] = errors;
  const [one] = bad;
  const code = bad.some(({ component }) => component === 'prometheus') ? 'damaged-tsdb' : 'damaged-data';
  const directories = bad.map(({ directory }) => directory);
  const isCut = errors.some(({ rule }) => rule === 'more-findings');
  const count = errors.length - (isCut ? 1 : 0);
  const more = errors.length > 1 ? ` (${isCut ? 'more than ' : ''}${count} findings)` : '';
  return new HoldfastError(code, {
    message: `${directories.join(' and ')} ${bad.length > 1 ? 'are' : 'is'} damaged: ${first?.message ?? 'more than is listed.'}${more} It was only looked at.`,
    remedy: first?.remedy ?? 'See --json.',
    details: {
      directory: one?.directory ?? null,
      errors: errors.length,
      rules: [...new Set(errors.map(({ rule }) => rule))],
    },
  });
}

function errorsIn({ findings }: TsdbCheck) {
  return findings.filter(({ severity }) => severity === 'error');
}
