import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createProcesses } from '../adapters/processes/linux-processes.ts';
import type { CommandContext, Output, World } from '../cli/command.ts';
import { runCommandLine, wantsJson } from '../cli/run-command-line.ts';
import { defaultConfig } from '../config/defaults.ts';
import type { Observation } from '../contract/daemon-api.ts';
import { listRuns } from '../engine/list-runs.ts';
import type { StackFile } from '../model/stack-file.ts';
import { createMemoryPlatform } from '../platforms/memory/memory.ts';
import { plainRequest } from '../platforms/memory/memory-facts.ts';
import type { MemoryWorld } from '../platforms/memory/memory-world.ts';
import { createStyle } from '../report/style.ts';
import { createReporter } from './create-reporter.ts';
import { openRuns } from './open-runs.ts';

export const nowMs = Date.UTC(2026, 10, 24, 2, 10, 0);

export interface CliWorld {
  readonly dataRoot: string;
  /** What the memory platform holds; without one, a changing verb has nothing to work on. */
  readonly memory?: MemoryWorld;
  /** What a daemon answers; undefined for none. */
  readonly observation?: Observation;
  readonly otherPlatform?: string;
  /** What is typed at prompts; undefined for no terminal at all, '' answers by leaving. */
  readonly typed?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface CliOutcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line in this process, on a data root of its own, and gives back all that it wrote. */
export async function runCli(argumentList: readonly string[], world: CliWorld): Promise<CliOutcome> {
  const isTerminal = world.typed !== undefined;
  const stdout = capture(isTerminal);
  const stderr = capture(isTerminal);
  const terminal = {
    stdout: stdout.output,
    stderr: stderr.output,
    canAsk: isTerminal,
    ask: async (question: string) => {
      stderr.output.write(`${question}${world.typed}\n`);
      return world.typed === '' ? undefined : world.typed;
    },
  };
  const environment = world.environment ?? {};
  const isJson = wantsJson(argumentList);
  const context: CommandContext = {
    terminal,
    reporter: createReporter(terminal, { isJson, environment, now: () => nowMs }),
    environment: {
      holdfastConfig: environment['HOLDFAST_CONFIG'],
      holdfastData: environment['HOLDFAST_DATA'] ?? world.dataRoot,
      xdgDataHome: undefined,
      xdgCacheHome: undefined,
      home: '/nonexistent',
    },
    workingDirectory: world.dataRoot,
    login: { user: 'ada', host: 'server' },
    isRoot: false,
    version: '1.2.3',
    now: () => nowMs,
    wait: async (durationMs, signal) => {
      await sleep(durationMs, undefined, { signal });
    },
    signal: world.signal ?? new AbortController().signal,
    outputClosed: new AbortController().signal,
    world: createTestWorld(world),
  };
  const status = await runCommandLine(argumentList, context);
  const shorten = (text: string) => text.replaceAll(world.dataRoot, '/root-of-data');
  return { status, stdout: shorten(stdout.text()), stderr: shorten(stderr.text()) };
}

/** The real lock, journal and engine, with the memory platform in the place of processes. */
function createTestWorld(world: CliWorld): World {
  const processes = createProcesses();
  return {
    isAlive: (identity) => processes.isAlive(identity),
    openDaemon: async () => ({ observe: async () => world.observation }),
    listRuns: (dataRoot, options) => listRuns(dataRoot, (identity) => processes.isAlive(identity), options),
    openRuns: async (dataRoot) => ({
      ...openRuns(dataRoot, processes),
      newRun: (verb) => `20261124T021000Z-${verb}-00000001`,
    }),
    withPlatform: (settings, use) => {
      if (world.memory === undefined) throw new Error('This test has no platform.');
      const request = { ...plainRequest, acceptLoss: settings.options.acceptLoss };
      return use(
        createMemoryPlatform(
          world.memory.begin(() => undefined),
          request,
          'rebuild',
        ),
      );
    },
    askStatus: async () => undefined,
    openTsdb: async () => {
      throw new Error('This test reads no TSDB.');
    },
    openRepair: async () => {
      throw new Error('This test repairs nothing.');
    },
    openDiscard: async () => {
      throw new Error('This test discards nothing.');
    },
    openDataCheckers: async () => {
      throw new Error('This test checks no data.');
    },
    openStitch: async () => {
      throw new Error('This test stitches nothing.');
    },
    runDaemon: async () => undefined,
    service: async (_action, scope) => ({ scope, unit: 'holdfast.service', installed: true, active: true }),
    findOtherPlatform: async () => ({ found: world.otherPlatform, kubeconfig: undefined }),
  };
}

function capture(isTerminal: boolean): { readonly output: Output; readonly text: () => string } {
  let written = '';
  const style = createStyle({ hasColor: false, columns: isTerminal ? 100 : undefined });
  const output = { isTerminal, style, write: (text: string) => void (written += text) };
  return { output, text: () => written };
}

export async function makeDataRoot(): Promise<string> {
  return realpath(await mkdtemp(join(tmpdir(), 'holdfast-cli-')));
}

export async function removeDataRoot(dataRoot: string): Promise<void> {
  await rm(dataRoot, { recursive: true });
}

/** Writes files below a data root; a value that is no text is written as JSON. */
export async function writeFiles(dataRoot: string, files: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(dataRoot, path)), { recursive: true });
    await writeFile(join(dataRoot, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
}

export const stackFile: StackFile = {
  format: 1,
  stackId: 'stack-1',
  name: 'monitoring',
  createdAtMs: nowMs - 86_400_000,
  desired: 'up',
  config: defaultConfig,
  volumes: [{ component: 'prometheus', id: 'vol-p', path: 'volumes/prometheus', state: 'present', createdAtMs: nowMs }],
  programs: [],
  unavailable: [],
  retention: { timeMs: defaultConfig.prometheus.retentionMs, sizeBytes: 0, raises: [] },
};

export const volumeIdentity = {
  format: 1,
  stackId: 'stack-1',
  stack: 'monitoring',
  component: 'prometheus',
  volumeId: 'vol-p',
  createdAtMs: nowMs,
};

const identity = { host: 'h', bootId: 'b', pid: 4711, startTicks: 1 };
const component = {
  state: 'running',
  version: '2.42.0',
  sinceMs: nowMs - 200_000,
  restarts: 0,
  reason: null,
  remedy: null,
  identity,
  run: null,
  launchDigest: null,
} as const;

/** A stack as its daemon sees it: everything runs but Grafana, whose program cannot be had. */
export const observation: Observation = {
  format: 1,
  observedAtMs: nowMs - 3000,
  holdfastVersion: '1.2.3',
  stackId: 'stack-1',
  ok: true,
  daemon: { identity: { ...identity, pid: 4700 }, service: 'none' },
  components: [
    { ...component, name: 'prometheus', address: 'http://127.0.0.1:30090' },
    { ...component, name: 'alertmanager', address: 'http://127.0.0.1:30093', version: '0.25.0', restarts: 2 },
    {
      ...component,
      name: 'grafana',
      state: 'unavailable',
      address: null,
      version: null,
      sinceMs: null,
      identity: null,
      reason: 'its archive could not be fetched from dl.grafana.com',
    },
  ],
  volumes: [
    {
      component: 'prometheus',
      path: '/elsewhere',
      id: 'vol-p',
      state: 'ok',
      sizeBytes: 15_728_640,
      oldestMs: nowMs - 86_400_000,
      newestMs: nowMs - 4000,
    },
  ],
  findings: [
    {
      rule: 'no-receiver',
      severity: 'warning',
      object: 'alertmanager',
      message: 'Alerts are shown, and nobody is notified.',
      remedy: 'Name your alertmanager.yml with alertmanager.config.',
    },
  ],
  newestSampleMs: nowMs - 4000,
};
