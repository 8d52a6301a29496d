import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Plan } from '../../src/model/plan.ts';
import type { Proof } from '../../src/model/proof.ts';
import type { RunSummary } from '../../src/model/run.ts';
import type { StackFile } from '../../src/model/stack-file.ts';
import type { ComponentStatus, StatusReport } from '../../src/model/status.ts';
import { endProcessesOf } from './end-processes.ts';
import { findFreePorts } from './free-ports.ts';
import { startCommand, type CommandOptions, type CommandOutcome, type RunningCommand } from './run-command.ts';
import { sharedProgramCache } from './test-cache.mjs';

/** What the last line on stdout may hold, of whichever verb; a test reads what its verb promises. */
export interface JsonResult extends Partial<StatusReport> {
  readonly run?: string | null;
  readonly steps?: readonly { readonly kind: string; readonly title: string; readonly state?: string }[];
  readonly proof?: Proof | null;
  /** Of --plan. */
  readonly plan?: Plan;
  readonly runs?: readonly RunSummary[];
  readonly user?: string;
  readonly password?: string;
  readonly error?: {
    readonly code: string;
    readonly kind: string;
    readonly message: string;
    readonly remedy: string;
    readonly details: Readonly<Record<string, unknown>>;
  };
}

export interface HoldfastOutcome extends CommandOutcome {
  /** The last line on stdout, where --json was given. */
  readonly json: JsonResult;
}

export interface Ports {
  readonly prometheus: number;
  readonly alertmanager: number;
  readonly pushgateway: number;
  readonly nodeExporter: number;
  readonly grafana: number;
}

/** Config keys of the Contract; a section is laid over the default one key by key. */
export type TestConfig = Readonly<Record<string, unknown>>;

export interface HoldfastOptions {
  /** Over ports that are free now, a 1 s scrape interval, and nothing else. */
  readonly config?: TestConfig;
  readonly dataRoot?: string;
  readonly ports?: Ports;
  /** XDG_CACHE_HOME; by default the one that all tests share. */
  readonly cache?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface RunOptions extends CommandOptions {
  /** Without --config and --data, which every other call is given. */
  readonly bare?: boolean;
}

/** One data root with its config file, and the real command on it. */
export interface Holdfast {
  /** A directory of this test alone; everything below goes at the end. */
  readonly directory: string;
  readonly dataRoot: string;
  readonly configFile: string;
  readonly ports: Ports;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Runs `holdfast ARGUMENTS --json`, and parses its last line. */
  run(argumentList: readonly string[], options?: RunOptions): Promise<HoldfastOutcome>;
  /** The same without --json: what a person sees. */
  say(argumentList: readonly string[], options?: RunOptions): Promise<CommandOutcome>;
  /** Starts it with --json and does not wait. */
  start(argumentList: readonly string[], options?: RunOptions): RunningCommand;
  /** `run`, and an error with the result and the story where the exit status is not 0. */
  succeed(argumentList: readonly string[], options?: RunOptions): Promise<HoldfastOutcome>;
  status(): Promise<StatusReport>;
  component(name: string): Promise<ComponentStatus>;
  credentials(): Promise<{ readonly user: string; readonly password: string }>;
  stackFile(): Promise<StackFile>;
  /** Absolute path below the data root. */
  path(...parts: readonly string[]): string;
  /** Writes the config file anew, laid over the one of the beginning. */
  configure(config: TestConfig): Promise<void>;
  /** Ends every process of this directory by its pid and removes the directory. */
  cleanUp(): Promise<void>;
}

/** Absolute path of the command's main file: HOLDFAST_TEST_MAIN, which global-setup has built. */
export function mainFile(): string {
  const path = process.env['HOLDFAST_TEST_MAIN'];
  if (path === undefined) throw new Error('HOLDFAST_TEST_MAIN is not set: global-setup.ts sets it.');
  return path;
}

/** Makes a temporary directory with a config file. Nothing is started. */
export async function openHoldfast(options: HoldfastOptions = {}): Promise<Holdfast> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
  const ports = options.ports ?? (await findPorts());
  const configFile = join(directory, 'holdfast.yaml');
  const dataRoot = options.dataRoot ?? join(directory, 'data');
  const environment = {
    ...ownEnvironment(),
    HOME: directory,
    XDG_CACHE_HOME: options.cache ?? sharedProgramCache(),
    ...options.environment,
  };
  await mkdir(join(directory, 'work'), { recursive: true });
  const start = (argumentList: readonly string[], runOptions: RunOptions = {}): RunningCommand => {
    const { bare = false, environment: more, ...rest } = runOptions;
    const words = bare ? argumentList : ['--config', configFile, '--data', dataRoot, ...argumentList];
    return startCommand(process.execPath, [mainFile(), ...words], {
      cwd: join(directory, 'work'),
      ...rest,
      environment: { ...environment, ...more },
    });
  };
  const run: Holdfast['run'] = async (argumentList, runOptions) => {
    const outcome = await start([...argumentList, '--json'], runOptions).outcome;
    return { ...outcome, json: parseLastLine(outcome) };
  };
  const succeed: Holdfast['succeed'] = async (argumentList, runOptions) => {
    const outcome = await run(argumentList, runOptions);
    if (outcome.exitCode === 0) return outcome;
    const said = JSON.stringify(outcome.json.error ?? outcome.json, null, 2);
    throw new Error(`holdfast ${argumentList.join(' ')}: exit ${outcome.exitCode}\n${said}\n${outcome.stderr}`);
  };
  const status = async () => (await run(['status'])).json as StatusReport;
  const configure = async (config: TestConfig) =>
    writeFile(configFile, stringify(layOver(layOver(baseConfig(ports), options.config ?? {}), config)));
  await configure({});
  const holdfast: Holdfast = {
    directory,
    dataRoot,
    configFile,
    ports,
    environment,
    run,
    succeed,
    status,
    configure,
    start: (argumentList, runOptions) => start([...argumentList, '--json'], runOptions),
    say: async (argumentList, runOptions) => start(argumentList, runOptions).outcome,
    component: async (name) => {
      const found = (await status()).components.find((component) => component.name === name);
      if (found === undefined) throw new Error(`status knows no ${name}.`);
      return found;
    },
    credentials: async () => {
      const { user = '', password = '' } = (await succeed(['credentials'])).json;
      return { user, password };
    },
    stackFile: async () => JSON.parse(await readFile(join(dataRoot, 'stack.json'), 'utf8')) as StackFile,
    path: (...parts) => join(dataRoot, ...parts),
    cleanUp: async () => {
      await endProcessesOf(directory);
      if (options.dataRoot !== undefined) await endProcessesOf(dataRoot);
      await rm(directory, { recursive: true, force: true });
      opened.delete(holdfast);
    },
  };
  opened.add(holdfast);
  return holdfast;
}

/** What the tests of a file have opened, and not cleaned up themselves. */
const opened = new Set<Holdfast>();

/** After the last test of a file, however it ended: nothing of it goes on running. */
export async function cleanUpOpened(): Promise<void> {
  await Promise.all([...opened].map(async (holdfast) => holdfast.cleanUp()));
}

async function findPorts(): Promise<Ports> {
  const [prometheus = 0, alertmanager = 0, pushgateway = 0, nodeExporter = 0, grafana = 0] = await findFreePorts(5);
  return { prometheus, alertmanager, pushgateway, nodeExporter, grafana };
}

function baseConfig(ports: Ports): TestConfig {
  return {
    prometheus: { port: ports.prometheus, scrapeInterval: '1s' },
    alertmanager: { port: ports.alertmanager },
    pushgateway: { port: ports.pushgateway },
    nodeExporter: { port: ports.nodeExporter },
    grafana: { port: ports.grafana },
  };
}

function layOver(under: TestConfig, over: TestConfig): TestConfig {
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isSection(below) && isSection(value) ? layOver(below, value) : value;
  }
  return merged;
}

function isSection(value: unknown): value is TestConfig {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Nothing of the user's own stack, and nothing of vitest, reaches a command under test. */
function ownEnvironment(): Readonly<Record<string, string | undefined>> {
  const kept = ['PATH', 'LANG', 'TMPDIR', 'USER', 'LOGNAME', 'http_proxy', 'https_proxy', 'no_proxy'];
  return Object.fromEntries(kept.map((name) => [name, process.env[name]]));
}

function parseLastLine({ stdout, stderr }: CommandOutcome): JsonResult {
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  try {
    return JSON.parse(last) as JsonResult;
  } catch (error) {
    throw new Error(`The last line on stdout is no JSON: ${last}\n${stderr}`, { cause: error });
  }
}
