import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Processes } from '../adapters/processes/processes.ts';
import { isVolumeComponent } from '../model/component.ts';
import { paths } from '../model/paths.ts';
import type { ProcessIdentity } from '../model/process-identity.ts';
import { isProcessComponent, type ProcessComponent } from '../model/component.ts';
import { describeEnd, type EndDescription } from './describe-end.ts';
import { describeListener } from './describe-listener.ts';
import { emptyStartPattern, explainLog, type Explanation, type LogContext } from './explain-log.ts';
import type { LivingInstance } from './find-living-instance.ts';
import { readLogTail } from './log-tail.ts';
import { probeReadiness, type ProbeOptions } from './probe-readiness.ts';

export interface WatchContext {
  readonly dataRoot: string;
  readonly processes: Processes;
  readonly credentials: ProbeOptions['credentials'];
  readonly now: () => number;
}

export interface WatchEvents {
  onReady(): void;
  onUnready(reason: string): void;
  /** Pushgateway has said that it could not load its file and began with nothing. */
  onEmptyStart(explanation: Explanation): void;
  onEnd(): void;
}

const probeWhileStartingMs = 150;
const probeWhileReadyMs = 5_000;
/** One slow answer on a busy machine is not yet an outage. */
const failuresUntilUnready = 3;

/** Watches one instance: whether it answers, and when it ends. Falls silent once it is closed. */
export class InstanceWatch {
  readonly instance: LivingInstance;
  private readonly component: ProcessComponent;
  private readonly context: WatchContext;
  private readonly events: WatchEvents;
  private readonly closing = new AbortController();
  private readySinceMs: number | null = null;
  private failures = 0;

  constructor(instance: LivingInstance, context: WatchContext, events: WatchEvents) {
    if (!isProcessComponent(instance.component)) throw new TypeError(`${instance.component} runs as no process.`);
    this.instance = instance;
    this.component = instance.component;
    this.context = context;
    this.events = events;
  }

  get identity(): ProcessIdentity {
    return this.instance.identity;
  }

  open(): void {
    const { signal } = this.closing;
    const unlessClosed = (error: unknown) => {
      if (!signal.aborted) throw error;
    };
    void this.untilItEnds(signal).then(() => this.events.onEnd(), unlessClosed);
    void this.probeUntilClosed(signal).catch(unlessClosed);
  }

  close(): void {
    this.closing.abort();
  }

  private isClosed(): boolean {
    return this.closing.signal.aborted;
  }

  readyForMs(): number {
    return this.readySinceMs === null ? 0 : this.context.now() - this.readySinceMs;
  }

  /** Why it ended, as far as its exit and its log tell. */
  async describeEnd(): Promise<EndDescription> {
    const { component, context } = this;
    return describeEnd({
      component,
      exit: context.processes.findExit(this.identity),
      livedMs: context.now() - this.instance.startedAtMs,
      lines: await this.readLines(),
      context: await this.logContext(),
    });
  }

  /** A look that fails, as for want of file descriptors, says nothing about the process: it is looked at again. */
  private async untilItEnds(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await this.context.processes.waitForEnd(this.identity, signal);
        return;
      } catch (error) {
        if (signal.aborted) throw error;
        await sleep(1_000, undefined, { signal });
      }
    }
  }

  private async probeUntilClosed(signal: AbortSignal): Promise<void> {
    while (!this.isClosed()) {
      try {
        await this.probe(signal);
      } catch (error) {
        if (!this.isClosed()) this.events.onUnready(error instanceof Error ? error.message : String(error));
      }
      await sleep(this.readySinceMs === null ? probeWhileStartingMs : probeWhileReadyMs, undefined, { signal });
    }
  }

  /**
   * What Pushgateway said of a file that it could not read, where it was never ready. It reads the file before it listens
   * and before it heeds SIGTERM, so that once it does either its log says whether it could.
   */
  async findEmptyStart(): Promise<Explanation | undefined> {
    if (this.component !== 'pushgateway' || this.readySinceMs !== null) return undefined;
    const lines = (await this.readLines()).filter((line) => emptyStartPattern.test(line));
    return lines.length === 0 ? undefined : explainLog(lines, await this.logContext());
  }

  private async probe(signal: AbortSignal): Promise<void> {
    const { component, context } = this;
    const target = { component, identity: this.identity, address: this.instance.address ?? null };
    const { processes, credentials } = context;
    const readiness = await probeReadiness(target, { processes, credentials, signal });
    const emptyStart = readiness.ready ? await this.findEmptyStart() : undefined;
    if (this.isClosed()) return;
    this.failures = readiness.ready ? 0 : this.failures + 1;
    if (emptyStart !== undefined) {
      this.events.onEmptyStart(emptyStart);
    } else if (readiness.ready) {
      this.readySinceMs ??= context.now();
      this.events.onReady();
    } else if (this.readySinceMs === null || this.failures >= failuresUntilUnready) {
      this.readySinceMs = null;
      this.events.onUnready(readiness.reason);
    }
  }

  private readLines(): Promise<readonly string[]> {
    const log = join(this.context.dataRoot, paths.log(this.component));
    return readLogTail(log, { fromOffset: this.instance.logOffset ?? 0, maxBytes: 262_144 });
  }

  private async logContext(): Promise<LogContext> {
    const { component, context } = this;
    const port = Number(new URL(this.instance.address ?? 'http://localhost:0').port);
    const listener = port === 0 ? undefined : await context.processes.findListener(port);
    return {
      component,
      volume: join(context.dataRoot, isVolumeComponent(component) ? paths.volume(component) : ''),
      port,
      listener: listener === undefined ? null : describeListener(listener),
    };
  }
}
