import { setTimeout as sleep } from 'node:timers/promises';
import type { InstanceFile, StopResult } from '../contract/daemon-api.ts';
import { HoldfastError, hasCode } from '../errors/holdfast-error.ts';
import type { ProcessComponent } from '../model/component.ts';
import { componentTable } from './component-table.ts';
import type { Explanation } from './explain-log.ts';
import { findLivingInstance, type LivingInstance } from './find-living-instance.ts';
import { findInstance, writeInstance } from './instance-store.ts';
import { InstanceWatch, type WatchContext } from './instance-watch.ts';
import type { KeeperView, Phase } from './keeper-view.ts';
import { launchComponent, type LaunchContext } from './launch-component.ts';
import { putBackPushgatewayFile } from './put-back-pushgateway-file.ts';
import { decideRestart, type Death, type RestartPolicy } from './restart-policy.ts';
import { createSerialQueue } from './serial-queue.ts';
import { lockVolumeOf, releaseLockOf } from './volume-lock.ts';

export interface KeeperContext extends LaunchContext, WatchContext {
  readonly policy: RestartPolicy;
}

/** Refusals whose cause may go away by itself: a volume that is mounted late, a port that becomes free, a repair that ends. */
const passingCauses = [
  'volume-refused',
  'volume-locked',
  'repair-unfinished',
  'port-taken',
  'disk-full',
  'data-root-not-writable',
  'io',
] as const;

/** Keeps one component as it is wanted. Orders are carried out one after the other. */
export class ComponentKeeper {
  readonly component: ProcessComponent;
  private readonly context: KeeperContext;
  private readonly enqueue = createSerialQueue();
  private phase: Phase = 'idle';
  private sinceMs: number;
  private reason: string | null = null;
  private remedy: string | null = null;
  private file: InstanceFile | null = null;
  private watch: InstanceWatch | null = null;
  private waiting = new AbortController();
  private deaths: readonly Death[] = [];
  private endsUncleanly = false;

  constructor(component: ProcessComponent, context: KeeperContext) {
    this.component = component;
    this.context = context;
    this.sinceMs = context.now();
  }

  view(): KeeperView {
    const { component, phase, sinceMs, reason, remedy, file } = this;
    return { component, phase, sinceMs, reason, remedy, file, identity: this.watch?.identity ?? null };
  }

  /** Takes over what an earlier daemon has left running. */
  adopt(): Promise<void> {
    return this.enqueue(async () => {
      const { context, component } = this;
      this.file = (await findInstance(context.dataRoot, component)) ?? null;
      const living = await findLivingInstance(component, this.file ?? undefined, context);
      if (living === undefined) return;
      await this.save(living);
      await lockVolumeOf(component, living, context);
      context.say(`${component}: process ${living.identity.pid} adopted`);
      this.take(living);
    });
  }

  /** However this instance ends: not all that it wrote has arrived, so its files are set aside before the next start. */
  expectUncleanEnd(): void {
    this.endsUncleanly = true;
  }

  /** Starts it where nobody wants it stopped; a refusal shows in the view. */
  startByItself(): Promise<void> {
    return this.enqueue(async () => {
      if (this.watch === null && this.wanted === 'run') await this.launch(true, 0);
    });
  }

  /** It keeps running, but is not started again until `start`. */
  hold(run: string): Promise<void> {
    return this.enqueue(async () => {
      this.waiting.abort();
      await this.save({ wanted: 'held' });
      if (this.watch === null) this.enter('idle', this.reason, this.remedy);
      this.context.say(`${this.component} is held for run ${run}`);
    });
  }

  stop(run: string): Promise<StopResult> {
    return this.enqueue(async () => {
      this.context.say(`${this.component} is stopped for run ${run}`);
      return this.end('held');
    });
  }

  /** Releases a hold; throws the refusal where it may not be started. What runs already is only noted for the run. */
  start(run: string): Promise<void> {
    return this.enqueue(async () => {
      this.waiting.abort();
      this.deaths = [];
      await this.save({ wanted: 'run', run, restarts: 0 });
      if (this.watch === null) await this.launch(false, 0);
    });
  }

  /** Stops it with the daemon: the next daemon starts it again. */
  stopWithDaemon(): Promise<StopResult> {
    return this.enqueue(() => this.end(this.wanted));
  }

  /** Stops watching and leaves the process running. */
  leave(): void {
    this.waiting.abort();
    this.watch?.close();
  }

  private get wanted(): InstanceFile['wanted'] {
    return this.file?.wanted ?? 'run';
  }

  private enter(phase: Phase, reason: string | null = null, remedy: string | null = null): void {
    if (phase !== this.phase) this.sinceMs = this.context.now();
    Object.assign(this, { phase, reason, remedy });
  }

  private async save(change: Partial<InstanceFile>): Promise<void> {
    this.file = { ...(this.file ?? this.neverStarted()), ...change };
    await writeInstance(this.context.dataRoot, this.file);
  }

  private neverStarted(): InstanceFile {
    const { component, context } = this;
    const none = { identity: null, run: null, launchDigest: '', volumeId: null, version: '', restarts: 0 };
    const token = context.randomId();
    return { format: 1, component, token, ...none, startedAtMs: 0, wanted: 'run', dataRoot: context.place };
  }

  private take(instance: LivingInstance): void {
    this.file = instance;
    this.endsUncleanly = false;
    this.enter('starting', this.reason, this.remedy);
    const watch = new InstanceWatch(instance, this.context, {
      onReady: () => this.becomeReady(watch),
      onUnready: (reason) => this.becomeUnready(watch, reason),
      onEmptyStart: (said) => this.react(watch, () => this.refuseEmptyStart(watch, said)),
      onEnd: () => this.react(watch, () => this.noticeEnd(watch)),
    });
    this.watch = watch;
    watch.open();
  }

  /** Queues an answer to what a watch saw, unless the component has moved on meanwhile. */
  private react(watch: InstanceWatch, answer: () => Promise<void>): void {
    this.enqueue(async () => (this.watch === watch ? answer() : undefined)).catch((error: unknown) => this.fail(error));
  }

  private fail(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.context.say(`${this.component}: ${error instanceof Error ? (error.stack ?? text) : text}`);
    this.enter('failed', text, error instanceof HoldfastError ? error.remedy : 'Look at `holdfast logs daemon`.');
  }

  private becomeReady(watch: InstanceWatch): void {
    if (this.watch !== watch || this.phase !== 'starting') return;
    this.enter('running', this.deaths.length === 0 ? null : this.reason);
    this.sinceMs = watch.instance.startedAtMs;
  }

  private becomeUnready(watch: InstanceWatch, reason: string): void {
    if (this.watch !== watch || (this.phase !== 'starting' && this.phase !== 'running')) return;
    const text = `It runs, but is not ready: ${reason}.`;
    // Why it died before says more than that its successor is not there yet.
    this.enter('starting', this.deaths.length === 0 || this.reason === null ? text : this.reason, this.remedy);
  }

  /** SIGKILL, since on SIGTERM Pushgateway would write its emptiness over the file that it could not read. */
  private async refuseEmptyStart(watch: InstanceWatch, said: Explanation): Promise<void> {
    watch.close();
    await this.context.processes.kill(watch.identity);
    await this.forget();
    const putBack = await putBackPushgatewayFile(this.context.dataRoot);
    const note = putBack ? ' It had been overwritten, and was put back.' : '';
    this.enter('refused', `${said.message}${note}`, said.remedy);
    this.context.say(`pushgateway: ${said.message}${note}`);
  }

  private async noticeEnd(watch: InstanceWatch): Promise<void> {
    watch.close();
    const { context, component } = this;
    const emptyStart = await watch.findEmptyStart();
    if (emptyStart !== undefined) return this.refuseEmptyStart(watch, emptyStart);
    const end = await watch.describeEnd();
    const isClean = context.processes.findExit(watch.identity)?.code === 0 && !this.endsUncleanly;
    if (isClean) await releaseLockOf(component, context.dataRoot);
    this.enter('restarting', end.reason, end.remedy);
    await this.forget();
    context.say(`${component} (process ${watch.identity.pid}): ${end.reason}`);
    if (this.wanted !== 'run') {
      this.enter('idle', end.reason, end.remedy);
      return;
    }
    const earlier = watch.readyForMs() >= context.policy.healthyMs ? [] : this.deaths;
    this.deaths = [...earlier, { atMs: context.now(), hopeless: end.hopeless }];
    const decision = decideRestart(this.deaths, context.policy);
    const count = this.deaths.length;
    if (!decision.restart) {
      this.enter('failed', `Given up after ${count} deaths. ${end.reason}`, end.remedy);
      return;
    }
    this.enter('restarting', end.reason, end.remedy);
    this.launchLater(decision.delayMs, 1);
  }

  private async forget(): Promise<void> {
    this.watch = null;
    await this.save({ identity: null });
  }

  private launchLater(delayMs: number, addedRestarts: number): void {
    this.waiting.abort();
    this.waiting = new AbortController();
    const { signal } = this.waiting;
    const launchIfDue = async () => {
      if (!signal.aborted && this.watch === null && this.wanted === 'run') await this.launch(true, addedRestarts);
    };
    sleep(delayMs, undefined, { signal })
      .then(() => this.enqueue(launchIfDue))
      .catch((error: unknown) => (signal.aborted ? undefined : this.fail(error)));
  }

  /** A start that nobody waits for throws no refusal: it is the state. */
  private async launch(byItself: boolean, addedRestarts: number): Promise<void> {
    const { component, context } = this;
    const run = this.file?.run ?? null;
    const restarts = (this.file?.restarts ?? 0) + addedRestarts;
    try {
      const result = await launchComponent({ component, byItself, run, restarts }, context);
      if (result.outcome === 'launched') this.take(result.instance);
      else if (result.outcome === 'unavailable') this.enter('unavailable', result.reason, result.remedy);
      else this.enter('idle');
    } catch (error) {
      // Where nobody asked for it, nobody catches it either, and the other components go on.
      if (error instanceof HoldfastError) this.refuse(error);
      else this.fail(error);
      if (!byItself) throw error;
    }
  }

  private refuse(error: HoldfastError): void {
    const isRefusal = error.kind === 'refusal' || error.kind === 'locked';
    this.enter(isRefusal ? 'refused' : 'failed', error.message, error.remedy);
    this.context.say(`${this.component} is not started: ${error.message}`);
    if (hasCode(error, ...passingCauses)) this.launchLater(this.context.policy.refusalRetryMs, 0);
  }

  private async end(wanted: InstanceFile['wanted']): Promise<StopResult> {
    this.waiting.abort();
    const { watch, context, component } = this;
    if (watch === null) {
      await this.save({ wanted });
      this.enter('idle', this.reason, this.remedy);
      return { how: 'gone', tookMs: 0 };
    }
    this.enter('stopping');
    watch.close();
    const began = context.now();
    const early = await watch.findEmptyStart();
    if (early !== undefined) return this.endEmptyStart(watch, early, { wanted, began });
    const how = await this.stopProcess(watch);
    const late = await watch.findEmptyStart();
    if (late !== undefined) return this.endEmptyStart(watch, late, { wanted, began });
    const exit = context.processes.findExit(watch.identity);
    const isClean = exit === undefined ? how === 'terminated' : exit.code === 0;
    if (isClean && !this.endsUncleanly) await releaseLockOf(component, context.dataRoot);
    this.watch = null;
    await this.save({ identity: null, wanted });
    const tookMs = context.now() - began;
    context.say(`${component} (process ${watch.identity.pid}) stopped: ${how} after ${tookMs} ms`);
    const { graceMs } = componentTable[component];
    this.enter(
      'idle',
      how === 'killed' ? `It did not end within ${graceMs / 1000} s of SIGTERM and was killed.` : null,
    );
    return { how, tookMs };
  }

  /** It is stopped as it was ordered, and what it says stays: that it was refused, and why. */
  private async endEmptyStart(
    watch: InstanceWatch,
    said: Explanation,
    { wanted, began }: { readonly wanted: InstanceFile['wanted']; readonly began: number },
  ): Promise<StopResult> {
    await this.refuseEmptyStart(watch, said);
    await this.save({ wanted });
    return { how: 'killed', tookMs: this.context.now() - began };
  }

  private async stopProcess(watch: InstanceWatch): Promise<StopResult['how']> {
    try {
      return await this.context.processes.stop(watch.identity, { graceMs: componentTable[this.component].graceMs });
    } catch (error) {
      this.take(watch.instance);
      throw error;
    }
  }
}
