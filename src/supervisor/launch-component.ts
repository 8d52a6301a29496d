import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramReader } from '../adapters/packages/program-store.ts';
import type { Processes } from '../adapters/processes/processes.ts';
import type { InstanceFile } from '../contract/daemon-api.ts';
import { getSecrets } from '../data-root/secrets.ts';
import { findStackFile } from '../data-root/stack-file.ts';
import { findVolumeLock, putBackVolumeLock, type VolumeLock } from '../data-root/volume-lock-file.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { isVolumeComponent, processComponents, type ProcessComponent } from '../model/component.ts';
import { paths } from '../model/paths.ts';
import type { InstalledProgram } from '../model/program.ts';
import type { StackFile } from '../model/stack-file.ts';
import { componentPort } from '../stack/component-address.ts';
import type { RenderFromStackInput } from '../launch/render-from-stack.ts';
import type { RenderedComponent } from '../stack/rendered-component.ts';
import { componentTable } from './component-table.ts';
import { describeListener } from './describe-listener.ts';
import type { LivingInstance } from './find-living-instance.ts';
import { writeInstance, type DataRootPlace } from './instance-store.ts';
import { readLogSize } from './log-tail.ts';
import { getVolume, prepareVolume, type PreparedVolume } from './prepare-volume.ts';
import { refuseDuringRepair, type RepairLook } from './refuse-during-repair.ts';
import { lockVolumeOf } from './volume-lock.ts';
import { writeRendered } from './write-rendered.ts';

/** Why a component is not started, in the words that its state shows. */
export interface Refused {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
}

/** Asked freshly before each start: program version, retention, blocks in the future. It may raise retention. */
export type StartGuard = (component: ProcessComponent) => Promise<Refused | undefined>;

export interface LaunchContext extends RepairLook {
  readonly dataRoot: string;
  readonly place: DataRootPlace;
  readonly processes: Processes;
  readonly programs: ProgramReader;
  readonly guard: StartGuard;
  readonly render: (input: RenderFromStackInput) => Promise<RenderedComponent | undefined>;
  /** What every component gets besides its own: PATH, HOME, TZ. */
  readonly environment: Readonly<Record<string, string>>;
  readonly now: () => number;
  readonly randomId: () => string;
  readonly say: (line: string) => void;
}

export interface LaunchOrder {
  readonly component: ProcessComponent;
  readonly run: string | null;
  readonly restarts: number;
  /** True where nobody asked for this start: then `desired: down` in stack.json forbids it. */
  readonly byItself: boolean;
}

export type Launch =
  | { readonly outcome: 'launched'; readonly instance: LivingInstance }
  | { readonly outcome: 'unavailable'; readonly reason: string; readonly remedy: string }
  | { readonly outcome: 'unwanted' };

/**
 * Starts one component: guards, set aside, rendering, intent, spawn, identity, in that order, so that a crash anywhere
 * leaves a process that the next daemon finds. Throws the refusal where it may not be started.
 */
export async function launchComponent(order: LaunchOrder, context: LaunchContext): Promise<Launch> {
  const { component } = order;
  if (order.byItself && (await readStack(context)).desired === 'down') return { outcome: 'unwanted' };
  // Guards read the volume, so what it is comes first.
  if (isVolumeComponent(component)) await getVolume(await readStack(context), component, context.dataRoot);
  const refused = await context.guard(component);
  if (refused !== undefined) throw new HoldfastError(refused.code, refused);
  // The guard may have raised retention in stack.json.
  const stack = await readStack(context);
  const installed = await listInstalled(stack, context.programs);
  const program = installed.find((candidate) => candidate.name === componentTable[component].program);
  if (program === undefined) return unavailable(stack, component);
  await refuseTakenPort(componentPort(stack.config, component), component, context.processes);
  const secrets = await getSecrets(context.dataRoot);
  const rendered = await context.render({ stack, component, installed, dataRoot: context.dataRoot, secrets });
  if (rendered === undefined) return unavailable(stack, component);
  if (component === 'prometheus') await refuseDuringRepair(stack, context);
  const volume = isVolumeComponent(component) ? await prepareVolume({ stack, component, program }, context) : undefined;
  return { outcome: 'launched', instance: await spawnComponent({ stack, order, rendered, program, volume }, context) };
}

interface SpawnInput {
  readonly stack: StackFile;
  readonly order: LaunchOrder;
  readonly rendered: RenderedComponent;
  readonly program: InstalledProgram;
  readonly volume: PreparedVolume | undefined;
}

async function spawnComponent(input: SpawnInput, context: LaunchContext): Promise<LivingInstance> {
  const { order, rendered, program, volume } = input;
  const { version } = program;
  const { dataRoot } = context;
  const logFile = join(dataRoot, paths.log(order.component));
  await writeRendered(join(dataRoot, paths.rendered(order.component)), rendered.files);
  await mkdir(join(dataRoot, paths.logs), { recursive: true, mode: 0o700 });
  const intent: InstanceFile = {
    format: 1,
    component: order.component,
    token: context.randomId(),
    identity: null,
    run: order.run,
    launchDigest: rendered.digest,
    volumeId: volume?.volumeId ?? null,
    startedAtMs: context.now(),
    version,
    restarts: order.restarts,
    wanted: 'run',
    address: rendered.address,
    logOffset: await readLogSize(logFile),
    dataRoot: context.place,
  };
  await writeInstance(dataRoot, intent);
  const lockBefore = volume === undefined ? undefined : await findVolumeLock(volume.directory);
  await lockVolumeOf(order.component, intent, context);
  const instance = { ...intent, identity: await spawnOrPutBackLock(input, { intent, logFile, lockBefore }, context) };
  await writeInstance(dataRoot, instance);
  await lockVolumeOf(order.component, instance, context);
  context.say(`${order.component} ${version} started as process ${instance.identity.pid}`);
  return instance;
}

interface Intent {
  readonly intent: InstanceFile;
  readonly logFile: string;
  readonly lockBefore: VolumeLock | undefined;
}

async function spawnOrPutBackLock(
  { stack, order, rendered, program, volume }: SpawnInput,
  { intent, logFile, lockBefore }: Intent,
  context: LaunchContext,
) {
  try {
    // Looking through the volume has taken its time. A repair that begins from here on sees the lock with the intent.
    if (order.component === 'prometheus') await refuseDuringRepair(stack, context);
    return await context.processes.spawn({
      path: program.path,
      arguments: rendered.arguments,
      environment: { ...context.environment, ...rendered.environment, HOLDFAST_INSTANCE: intent.token },
      workingDirectory: rendered.workingDirectory,
      logFile,
    });
  } catch (error) {
    // Nothing has run, so the volume is as it was before this start.
    if (volume !== undefined) await putBackVolumeLock(volume.directory, lockBefore);
    throw error;
  }
}

async function readStack(context: LaunchContext): Promise<StackFile> {
  const stack = await findStackFile(context.dataRoot);
  if (stack !== undefined) return stack;
  throw new HoldfastError('no-stack', {
    message: `${context.dataRoot} holds no ${paths.stackFile} any more, so nothing is started from it.`,
    remedy: `Put back ${paths.stackFile} from a copy of the data root or from records/.`,
  });
}

/** The pinned programs of the components that are whole on this machine. */
async function listInstalled(stack: StackFile, programs: ProgramReader): Promise<readonly InstalledProgram[]> {
  const names = processComponents.map((component) => componentTable[component].program);
  const pins = stack.programs.filter((pin) => names.includes(pin.name));
  const found = await Promise.all(pins.map((pin) => programs.find(pin, stack.config.programs[pin.name])));
  return found.filter((program) => program !== undefined);
}

function unavailable(stack: StackFile, component: ProcessComponent): Launch {
  const name = componentTable[component].program;
  const known = stack.unavailable.find((entry) => entry.program === name);
  const pin = stack.programs.find((entry) => entry.name === name);
  const missing =
    pin === undefined ? `no ${name} was ever found` : `${name} ${pin.version} (${pin.origin}) is not on this machine`;
  return {
    outcome: 'unavailable',
    reason: known?.reason ?? missing,
    remedy: `Run \`holdfast up --upgrade\`, which looks for it again, or name one under \`programs: {${name}: /path}\` in the config file.`,
  };
}

async function refuseTakenPort(port: number, component: ProcessComponent, processes: Processes): Promise<void> {
  const listener = await processes.findListener(port);
  if (listener === undefined) return;
  throw new HoldfastError('port-taken', {
    message: `Port ${port}, which ${component} needs, is taken by ${describeListener(listener)}. ${component} was not started.`,
    remedy: `Stop that process, or give ${component} another port in the config file and run \`holdfast up\`.`,
    details: { component, port, pid: listener.pid },
  });
}
