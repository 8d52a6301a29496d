import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessReader } from '../adapters/processes/processes.ts';
import { daemonFileSchema, instanceFileSchema, type DaemonClient, type DaemonFile } from '../contract/daemon-api.ts';
import { getSecrets } from '../data-root/secrets.ts';
import { findStackFile } from '../data-root/stack-file.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { findJsonFile } from '../files/read-json-file.ts';
import { processComponents } from '../model/component.ts';
import { paths } from '../model/paths.ts';
import { ComponentKeeper, type KeeperContext } from './component-keeper.ts';
import { startOrder, stopOrder } from './component-table.ts';
import { createControl } from './control.ts';
import { takeDaemonLock } from './daemon-lock.ts';
import { runEvery } from './run-every.ts';
import { isSamePlace, readDataRootPlace, type DataRootPlace } from './instance-store.ts';
import type { LaunchContext } from './launch-component.ts';
import { Observer, type ObserverContext } from './observer.ts';
import { defaultRestartPolicy, type RestartPolicy } from './restart-policy.ts';
import { defaultRotationLimits, rotateLog } from './rotate-log.ts';

/** The daemon's face to commands; the composition gives it one that speaks HTTP over a Unix socket. */
export interface DaemonFace {
  /** Absolute path of the socket. */
  readonly socket: string;
  /** Listens anew where the socket has been taken away (a logout empties /run/user); true where that was needed. */
  repair(): Promise<boolean>;
  close(): Promise<void>;
}

export interface DaemonOptions
  extends
    Pick<
      LaunchContext,
      'dataRoot' | 'processes' | 'programs' | 'guard' | 'findBegunRepair' | 'render' | 'environment' | 'randomId'
    >,
    Pick<ObserverContext, 'holdfastVersion' | 'service' | 'readBlockRange' | 'hasReceiver'> {
  readonly now: () => number;
  /** One line of the daemon's own log. */
  readonly say: (line: string) => void;
  readonly serve: (control: DaemonClient) => Promise<DaemonFace>;
  readonly policy?: RestartPolicy;
  readonly observeEveryMs?: number;
}

/**
 * Runs the one daemon of a data root until the signal aborts or it is told to shut down. Abort means SIGTERM: the stack
 * is stopped in order. Throws `locked` naming the daemon that runs already, `no-stack`, and `copied-while-running`.
 */
export async function runDaemon(options: DaemonOptions, signal: AbortSignal): Promise<void> {
  const { dataRoot, processes } = options;
  await refuseWithoutStack(dataRoot);
  await mkdir(join(dataRoot, paths.run), { recursive: true, mode: 0o700 });
  const place = await readDataRootPlace(dataRoot);
  // Before the lock, which a copy carries along as well.
  await refuseCopy(dataRoot, place, processes);
  const lock = await takeDaemonLock(dataRoot, processes);
  try {
    await keepStack(options, place, signal);
  } finally {
    await lock.release();
  }
}

async function keepStack(options: DaemonOptions, place: DataRootPlace, signal: AbortSignal): Promise<void> {
  const credentials = () => getSecrets(options.dataRoot);
  const context: KeeperContext = { ...options, place, credentials, policy: options.policy ?? defaultRestartPolicy };
  const keepers = processComponents.map((component) => new ComponentKeeper(component, context));
  const observer = new Observer(keepers, { ...options, credentials });
  await observer.remember();
  for (const keeper of keepers) await keeper.adopt();

  const ending = new AbortController();
  const { control, shutdown } = createControl(keepers, observer);
  signal.addEventListener('abort', () => shutdown.resolve({ stop: true }), { once: true });
  if (signal.aborted) shutdown.resolve({ stop: true });

  const face = await options.serve(control).catch((error: unknown) => {
    for (const keeper of keepers) keeper.leave();
    throw error;
  });
  const announce = () => writeDaemonFile(options, place, face.socket);
  await announce();
  options.say(`daemon ${options.holdfastVersion} keeps ${options.dataRoot}`);
  const starting = startInOrder(keepers);
  const look = async () => {
    if (await face.repair()) await announce();
    await observer.look(ending.signal);
  };
  const everyMs = options.observeEveryMs ?? 5_000;
  const looking = runEvery(everyMs, look, { signal: ending.signal, say: options.say });
  const rotating = runEvery(60_000, () => rotateLogs(options), { signal: ending.signal, say: options.say });

  const { stop } = await shutdown.promise;
  options.say(stop ? 'the daemon ends and stops the stack' : 'the daemon ends and leaves the stack running');
  await starting;
  if (stop) await stopInOrder(keepers, options.say);
  ending.abort();
  await Promise.all([looking, rotating]);
  await observer.look(AbortSignal.timeout(10_000));
  await observer.write();
  for (const keeper of keepers) keeper.leave();
  await face.close();
  await rm(join(options.dataRoot, paths.daemon), { force: true });
}

/** All at once, Prometheus' first: each waits for nobody. */
async function startInOrder(keepers: readonly ComponentKeeper[]): Promise<void> {
  const inOrder = startOrder.flatMap((name) => keepers.filter((keeper) => keeper.component === name));
  await Promise.all(inOrder.map((keeper) => keeper.startByItself()));
}

/** One that does not end must not keep the others from being stopped in order. */
async function stopInOrder(keepers: readonly ComponentKeeper[], say: (line: string) => void): Promise<void> {
  for (const name of stopOrder) {
    const keeper = keepers.find((candidate) => candidate.component === name);
    await keeper?.stopWithDaemon().catch((error: unknown) => say(`${name}: ${String(error)}`));
  }
}

async function rotateLogs({ dataRoot, say }: DaemonOptions): Promise<void> {
  for (const name of [...processComponents, 'daemon']) {
    if (await rotateLog(join(dataRoot, paths.log(name)), defaultRotationLimits)) say(`log of ${name} rotated`);
  }
}

async function writeDaemonFile(options: DaemonOptions, place: DataRootPlace, socket: string): Promise<void> {
  const { dataRoot, processes, holdfastVersion, service } = options;
  const file: DaemonFile = { format: 1, identity: processes.self(), socket, holdfastVersion, service, dataRoot: place };
  await writeFileAtomically(join(dataRoot, paths.daemon), `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
}

async function refuseWithoutStack(dataRoot: string): Promise<void> {
  if ((await findStackFile(dataRoot)) !== undefined) return;
  throw new HoldfastError('no-stack', {
    message: `There is no stack in ${dataRoot} that a daemon could keep: it holds no ${paths.stackFile}.`,
    remedy: 'Run `holdfast up`, or name the right data root with --data DIR.',
  });
}

/** A copied data root carries the notes of the original: while those processes live, two stacks would share their data. */
async function refuseCopy(dataRoot: string, place: DataRootPlace, processes: ProcessReader): Promise<void> {
  const daemon = await findJsonFile(join(dataRoot, paths.daemon), daemonFileSchema);
  const instances = await Promise.all(
    processComponents.map((component) => findJsonFile(join(dataRoot, paths.instance(component)), instanceFileSchema)),
  );
  for (const file of [daemon, ...instances]) {
    if (file === undefined || file.identity === null || isSamePlace(file.dataRoot, place)) continue;
    if (file.identity.host !== processes.self().host || !(await processes.isAlive(file.identity))) continue;
    throw new HoldfastError('copied-while-running', {
      message: `${dataRoot} is a copy of ${file.dataRoot.path}, where process ${file.identity.pid} still runs: it was copied while it was being written to. Nothing was started.`,
      remedy: `Stop the original with \`holdfast --data '${file.dataRoot.path}' teardown\`, then copy it again.`,
      details: { original: file.dataRoot.path, pid: file.identity.pid },
    });
  }
}
