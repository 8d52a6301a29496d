import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProcesses } from '../adapters/processes/linux-processes.ts';
import { writeStackFile } from '../data-root/stack-file.ts';
import { writeVolumeIdentity } from '../data-root/volume-identity.ts';
import { processComponents, volumeComponents, type ProcessComponent } from '../model/component.ts';
import { dataDirectoryInVolume, paths } from '../model/paths.ts';
import type { StackFile } from '../model/stack-file.ts';
import { serveDaemonApi } from '../server/serve-socket.ts';
import { componentAddress, componentPort } from '../stack/component-address.ts';
import { componentTable } from './component-table.ts';
import type { DaemonOptions } from './daemon.ts';
import { findFreePorts } from '../../test/harness/free-ports.ts';
import type { RestartPolicy } from './restart-policy.ts';

const blockName = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

/** Quick enough for a test, and still a back-off. */
export const quickPolicy: RestartPolicy = {
  firstDelayMs: 20,
  maxDelayMs: 100,
  healthyMs: 60_000,
  givesUpAfter: 4,
  hopelessAfter: 2,
  windowMs: 600_000,
  refusalRetryMs: 100,
};

/** Makes a data root whose components are all small programs on free ports. */
export async function makeSmallStack(dataRoot: string, change: Partial<StackFile> = {}): Promise<StackFile> {
  const ports = await findFreePorts(processComponents.length);
  for (const component of processComponents) await behave(dataRoot, component, 'well');
  await mkdir(join(dataRoot, paths.secrets), { mode: 0o700 });
  for (const [path, text] of [
    [paths.user, 'holdfast'],
    [paths.password, 'secret'],
    [paths.passwordHash, '$2b$10$x'],
  ] as const) {
    await writeFile(join(dataRoot, path), text, { mode: 0o600 });
  }
  const stack = { ...stackOf(ports), ...change };
  for (const component of volumeComponents) {
    const directory = join(dataRoot, paths.volume(component));
    await mkdir(join(directory, dataDirectoryInVolume[component] ?? ''), { recursive: true });
    const identity = {
      format: 1,
      stackId: 'stack-id',
      stack: 'monitoring',
      component,
      volumeId: `id-${component}`,
      createdAtMs: 1,
    };
    await writeVolumeIdentity(directory, { ...identity, format: 1 });
  }
  // A Prometheus that has stored samples leaves a block or a WAL; the small program writes neither.
  await mkdir(join(dataRoot, paths.volume('prometheus'), dataDirectoryInVolume.prometheus ?? '', blockName));
  await writeStackFile(dataRoot, stack);
  return stack;
}

/** What the component's program does from its next start on. */
export async function behave(dataRoot: string, component: ProcessComponent, behaviour: string): Promise<void> {
  await writeFile(join(dataRoot, `behaviour-${component}`), behaviour);
}

/** The components that ended on SIGTERM, in that order. */
export async function readEnds(dataRoot: string): Promise<readonly string[]> {
  const text = await readFile(join(dataRoot, 'ends'), 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

/** Options for a daemon of a small stack; the data root alone says everything, so another process can make the same. */
export function smallDaemonOptions(dataRoot: string, program: string): DaemonOptions {
  let count = 0;
  return {
    dataRoot,
    processes: createProcesses({ pollMs: 20 }),
    programs: {
      find: async (pin) => ({ ...pin, path: process.execPath, workingDirectory: null, flags: [] }),
    },
    guard: async () => undefined,
    findBegunRepair: async () => undefined,
    render: async ({ stack, component }) => {
      const args = [
        program,
        component,
        String(componentPort(stack.config, component)),
        join(dataRoot, `behaviour-${component}`),
        join(dataRoot, 'ends'),
        join(dataRoot, paths.volume(component), 'pushgateway.data'),
      ];
      return {
        files: [{ path: 'sub/config.txt', content: component, mode: 0o600 }],
        arguments: args,
        environment: {},
        workingDirectory: dataRoot,
        address: componentAddress(stack.config, component),
        digest: createHash('sha256').update(args.join()).digest('hex'),
      };
    },
    environment: { PATH: '/usr/bin:/bin' },
    randomId: () => `${process.pid}-${Date.now()}-${(count += 1)}`,
    holdfastVersion: '0.0.0-test',
    service: 'none',
    readBlockRange: async () => ({ oldestMs: null, newestMs: null }),
    hasReceiver: async () => true,
    now: () => Date.now(),
    say: (line) => console.log(line),
    serve: (control) =>
      serveDaemonApi(
        {
          daemon: control,
          readStatus: async () => {
            throw new Error('This daemon tells no status.');
          },
        },
        {
          key: dataRoot,
          runtimeDirectory: dataRoot,
          temporaryDirectory: tmpdir(),
          uid: process.getuid?.() ?? 0,
        },
      ),
    policy: quickPolicy,
    observeEveryMs: 100,
  };
}

function stackOf(ports: readonly number[]): StackFile {
  const [prometheus = 0, alertmanager = 0, pushgateway = 0, nodeExporter = 0, grafana = 0] = ports;
  const prometheusConfig = { port: prometheus, scrapeIntervalMs: 1_000, retentionMs: 0, retentionSizeBytes: 0 };
  return {
    format: 1,
    stackId: 'stack-id',
    name: 'monitoring',
    createdAtMs: 1,
    desired: 'up',
    config: {
      stack: 'monitoring',
      platform: 'standalone',
      listen: '127.0.0.1',
      prometheus: { ...prometheusConfig, scrapeFiles: [], ruleFiles: [] },
      alertmanager: { port: alertmanager, config: null },
      pushgateway: { port: pushgateway },
      nodeExporter: { port: nodeExporter },
      grafana: { port: grafana },
      console: { port: 30080 },
      programs: {},
      programSource: null,
    },
    volumes: volumeComponents.map((component) => ({
      component,
      id: `id-${component}`,
      path: paths.volume(component),
      state: 'present',
      createdAtMs: 1,
    })),
    programs: processComponents.map((component) => ({
      name: componentTable[component].program,
      version: '1.2.3',
      source: 'config',
      sha256: '0'.repeat(64),
      origin: 'small program',
      modified: false,
    })),
    unavailable: [],
    retention: { timeMs: 0, sizeBytes: 0, raises: [] },
  };
}
