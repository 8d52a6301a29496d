import type { FoundProgram } from '../adapters/packages/program-store.ts';
import type { ProcessIdentity } from '../model/process-identity.ts';
import type { Difference, Plan, StackVerb, StepBase, Verb } from '../model/plan.ts';
import type { StatusReport } from '../model/status.ts';
import type { Handlers, RunEvent } from '../model/handler.ts';
import type { RepairStep } from '../model/repair-step.ts';
import type { DiscardStep } from '../model/discard-step.ts';
import type { StitchStep } from '../model/stitch-step.ts';
import type { ProgramPin } from '../model/program.ts';
import type { RunSummary } from '../model/run.ts';
import type { StackConfig } from '../model/config.ts';
import type { StackFile } from '../model/stack-file.ts';
import type { DaemonReader } from '../contract/daemon-api.ts';
import type { DataCheckers } from '../observations/component-data/check-component.ts';
import type { TsdbReaders } from '../observations/tsdb-inventory.ts';
import type { PushgatewayProgram } from '../adapters/pushgateway/pushgateway-loader-reader.ts';
import type { OtherPlatform } from '../observations/other-platform.ts';
import type { CommonFacts, Platform } from '../platforms/platform.ts';
import type { Reporter } from '../report/reporter.ts';
import type { Style } from '../report/style.ts';
import type { Flags } from './flags.ts';

/** One stream that we write to. */
export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  readonly style: Style;
}

export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
  /** True where somebody can be asked: stdin and stderr are both a terminal. */
  readonly canAsk: boolean;
  /** Asks one line of text. Undefined where the user pressed Ctrl-C or closed the terminal. */
  ask(question: string, signal: AbortSignal): Promise<string | undefined>;
}

export interface Environment {
  readonly holdfastConfig: string | undefined;
  readonly holdfastData: string | undefined;
  readonly xdgDataHome: string | undefined;
  readonly xdgCacheHome: string | undefined;
  readonly home: string | undefined;
}

/** What the user's words skip or add, each for one check. */
export interface OperationOptions {
  readonly letRetentionDelete: boolean;
  readonly acceptLoss: boolean;
  readonly purgePrograms: boolean;
  readonly upgrade: boolean;
  readonly breakLock: boolean;
}

/** What a changing verb is asked for, whatever the platform. */
export interface OperationSettings {
  readonly verb: StackVerb;
  readonly dataRoot: string;
  readonly config: StackConfig;
  readonly differences: readonly Difference[];
  readonly options: OperationOptions;
  readonly adopt: { readonly from: string; readonly as: string | null } | null;
}

export interface RunLock {
  release(): Promise<void>;
}

/** What a changing verb needs beside a platform: ids, the lock and the journal of the data root. */
export interface RunKeeper {
  newRun(verb: Verb): string;
  /** Makes the data root where there is none, and locks it. Throws `locked` with its holder. */
  lock(options: { readonly verb: Verb; readonly run: string; readonly breakForeign: boolean }): Promise<RunLock>;
  /** Journals the plan and carries it out. */
  carryOut<S extends StepBase>(plan: Plan<S>, options: CarryOutRequest<S>): Promise<void>;
}

export interface CarryOutRequest<S extends StepBase> {
  readonly handlers: Platform<CommonFacts, S>['handlers'];
  readonly onEvent: (event: RunEvent<S>) => void;
  readonly signal: AbortSignal;
}

/** Uses a platform without knowing its facts and steps. */
export type UsePlatform<T> = <F extends CommonFacts, S extends StepBase>(platform: Platform<F, S>) => Promise<T>;

export type ServiceScope = 'user' | 'system';
export type ServiceAction = 'install' | 'uninstall' | 'status';

export interface ServiceOptions {
  readonly dataRoot: string;
  readonly signal: AbortSignal;
}

export interface ServiceReport {
  readonly scope: ServiceScope;
  readonly unit: string;
  readonly installed: boolean;
  readonly active: boolean;
  readonly [further: string]: unknown;
}

/** The world, opened on demand: every member loads its modules when it is first called. */
export interface World {
  openDaemon(dataRoot: string): Promise<DaemonReader>;
  /** The status in one question to the daemon, or undefined where it must be read the thorough way. */
  askStatus(dataRoot: string): Promise<StatusReport | undefined>;
  listRuns(dataRoot: string, options: { readonly limit?: number }): Promise<readonly RunSummary[]>;
  isAlive(identity: ProcessIdentity): Promise<boolean>;
  openRuns(dataRoot: string): Promise<RunKeeper>;
  withPlatform<T>(settings: OperationSettings, use: UsePlatform<T>): Promise<T>;
  /** Runs the daemon of a data root until the signal aborts or it is told to end. */
  runDaemon(dataRoot: string, signal: AbortSignal): Promise<void>;
  service(action: ServiceAction, scope: ServiceScope, options: ServiceOptions): Promise<ServiceReport>;
  findOtherPlatform(dataRoot: string): Promise<OtherPlatform>;
  /** How the steps of a repair meet the world. */
  openRepair(): Promise<Handlers<RepairStep>>;
  /** The same of a discard. */
  openDiscard(): Promise<Handlers<DiscardStep>>;
  /** How the steps of a stitch meet the world, and the Prometheus that opens the result. */
  openStitch(choice: StitchChoice): Promise<StitchWorld>;
  /** Looks into a Prometheus data directory, live or not, in a thread of its own. */
  openTsdb(): Promise<TsdbReaders>;
  /** Asks the programs of the other components, and SQLite, about copies of their data. */
  openDataCheckers(): Promise<StackDataCheckers>;
}

/** Which Prometheus is meant. */
export interface StitchChoice {
  /** What the stack of the data root has pinned. */
  readonly pin: ProgramPin | undefined;
  /** programs.prometheus of the config. */
  readonly configured: string | undefined;
  /** True where none is to be asked. */
  readonly skips: boolean;
}

export interface StitchWorld {
  readonly handlers: Handlers<StitchStep>;
  readonly prometheus: FoundProgram;
}

export interface StackDataCheckers extends DataCheckers {
  /** The Pushgateway that a stack has pinned, where it is on this machine. */
  findPushgateway(stack: StackFile): Promise<PushgatewayProgram | null>;
}

/** All that a command may use of the outside. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly reporter: Reporter;
  readonly environment: Environment;
  readonly workingDirectory: string;
  /** Who would log in from another machine. */
  readonly login: { readonly user: string; readonly host: string };
  readonly isRoot: boolean;
  readonly version: string;
  readonly now: () => number;
  readonly wait: (durationMs: number, signal: AbortSignal) => Promise<void>;
  /** Aborts on SIGINT and SIGTERM, with a `cancelled` error as its reason. */
  readonly signal: AbortSignal;
  /** Aborts when nobody reads stdout any more. */
  readonly outputClosed: AbortSignal;
  readonly world: World;
}

export interface CommandInput {
  readonly arguments: readonly string[];
  readonly flags: Flags;
}

/** What a verb has to say at its end. */
export interface CommandResult {
  /** The object of --json. */
  readonly value: object;
  /** The same for people, without a line end after the last line; undefined for nothing. */
  readonly text: (style: Style) => Promise<readonly string[]> | readonly string[];
  /** Trouble that the verb found although it has a result. */
  readonly error?: unknown;
}

export type RunCommand = (input: CommandInput, context: CommandContext) => Promise<CommandResult>;
