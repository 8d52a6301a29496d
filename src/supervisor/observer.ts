import { join } from 'node:path';
import type { Processes } from '../adapters/processes/processes.ts';
import type { ComponentObservation, Observation } from '../contract/daemon-api.ts';
import { findLastObservation } from '../data-root/last-observation.ts';
import { findStackFile } from '../data-root/stack-file.ts';
import { readVolumeCondition } from '../data-root/volume-identity.ts';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { directorySize } from '../files/directory-size.ts';
import { componentNames, isProcessComponent } from '../model/component.ts';
import { dataDirectoryInVolume, paths } from '../model/paths.ts';
import type { StackFile } from '../model/stack-file.ts';
import type { ListedVolume } from '../model/volume.ts';
import { componentAddress } from '../stack/component-address.ts';
import type { ComponentKeeper } from './component-keeper.ts';
import { explainLog } from './explain-log.ts';
import { judgeStack } from './judge-stack.ts';
import { stateOf } from './keeper-view.ts';
import { readLogTail } from './log-tail.ts';
import type { ProbeOptions } from './probe-readiness.ts';
import { readPrometheusHead } from './read-prometheus-head.ts';
import { followSampleFlow, type SampleFlow } from './sample-flow.ts';
import { createSerialQueue } from './serial-queue.ts';

export interface ObserverContext {
  readonly dataRoot: string;
  readonly processes: Processes;
  readonly credentials: ProbeOptions['credentials'];
  readonly holdfastVersion: string;
  readonly service: 'none' | 'user' | 'system';
  /** Range of the blocks in Prometheus' data directory. */
  readonly readBlockRange: (directory: string) => Promise<BlockRange>;
  /** Whether the stack's Alertmanager configuration notifies anybody. */
  readonly hasReceiver: (stack: StackFile) => Promise<boolean>;
  readonly now: () => number;
}

export interface BlockRange {
  readonly oldestMs: number | null;
  readonly newestMs: number | null;
}

interface VolumeMeasure extends BlockRange {
  readonly atMs: number;
  readonly sizeBytes: number | null;
}

const measureEveryMs = 60_000;
const writeEveryMs = 10_000;

/** Looks at the whole stack, one look at a time, and remembers the last one, also across daemons. */
export class Observer {
  private readonly context: ObserverContext;
  private readonly keepers: readonly ComponentKeeper[];
  private readonly enqueue = createSerialQueue();
  private last: Observation | undefined;
  private flow: SampleFlow | undefined;
  private newestSampleMs: number | null = null;
  private writtenAtMs = 0;
  private readonly measures = new Map<string, VolumeMeasure>();

  constructor(keepers: readonly ComponentKeeper[], context: ObserverContext) {
    this.keepers = keepers;
    this.context = context;
  }

  /** Takes over what the last daemon knew of the newest sample. */
  async remember(): Promise<void> {
    this.newestSampleMs =
      (await findLastObservation(this.context.dataRoot).catch(() => undefined))?.newestSampleMs ?? null;
  }

  /** The last look, or a new one where it is wanted or there was none. */
  async observe(options: { readonly fresh: boolean }, signal: AbortSignal): Promise<Observation> {
    if (!options.fresh && this.last !== undefined) return this.last;
    return this.look(signal);
  }

  look(signal: AbortSignal): Promise<Observation> {
    return this.enqueue(async () => {
      this.last = await this.lookOnce(signal);
      if (this.context.now() - this.writtenAtMs >= writeEveryMs) await this.write();
      return this.last;
    });
  }

  /** Writes last-observation.json, so that it outlives the daemon. */
  async write(): Promise<void> {
    if (this.last === undefined) return;
    this.writtenAtMs = this.context.now();
    const text = `${JSON.stringify(this.last)}\n`;
    await writeFileAtomically(join(this.context.dataRoot, paths.lastObservation), text, { mode: 0o600 });
  }

  private async lookOnce(signal: AbortSignal): Promise<Observation> {
    const { context } = this;
    const stack = await findStackFile(context.dataRoot);
    if (stack === undefined) return this.withoutStack();
    const components = componentNames.map((name) => this.observeComponent(name, stack));
    await this.followSamples(components, signal);
    const volumes = await Promise.all(stack.volumes.map((volume) => this.observeVolume(volume, stack, signal)));
    const nowMs = context.now();
    const hasReceiver = await context.hasReceiver(stack).catch(() => true);
    const flowReason = await this.explainPrometheusLog(stack);
    const judged = judgeStack({ stack, components, volumes, flow: this.flow, flowReason, hasReceiver, nowMs });
    return this.assemble(stack.stackId, { ...judged, components, volumes });
  }

  /** stack.json was taken away: the daemon still says what runs, and that it is not well. */
  private withoutStack(): Observation {
    const finding = {
      rule: 'no-stack',
      severity: 'error' as const,
      object: paths.stackFile,
      message: `${this.context.dataRoot} holds no ${paths.stackFile} any more. What runs is left running.`,
      remedy: `Put back ${paths.stackFile} from a copy of the data root or from records/.`,
    };
    const components = this.last?.components ?? [];
    return this.assemble(this.last?.stackId ?? '', { ok: false, components, volumes: [], findings: [finding] });
  }

  private assemble(
    stackId: string,
    seen: {
      ok: boolean;
      components: readonly ComponentObservation[];
      volumes: Observation['volumes'];
      findings: Observation['findings'] | readonly Observation['findings'][number][];
    },
  ): Observation {
    const { context } = this;
    return {
      format: 1,
      observedAtMs: context.now(),
      holdfastVersion: context.holdfastVersion,
      stackId,
      ok: seen.ok,
      daemon: { identity: context.processes.self(), service: context.service },
      components: [...seen.components],
      volumes: seen.volumes,
      findings: [...seen.findings],
      newestSampleMs: this.newestSampleMs,
    };
  }

  private observeComponent(name: Observation['components'][number]['name'], stack: StackFile): ComponentObservation {
    const view = this.keepers.find((keeper) => keeper.component === name)?.view();
    if (view === undefined || !isProcessComponent(name)) return notApplicable(name);
    const { file } = view;
    const lives = view.identity !== null;
    return {
      name,
      state: stateOf(view, stack.desired),
      address: (lives ? file?.address : undefined) ?? componentAddress(stack.config, name),
      version: file === null || file.version === '' ? null : file.version,
      sinceMs: view.sinceMs,
      restarts: file?.restarts ?? 0,
      reason: view.reason,
      remedy: view.remedy,
      identity: view.identity,
      run: file?.run ?? null,
      launchDigest: lives ? (file?.launchDigest ?? null) : null,
    };
  }

  private async followSamples(components: readonly ComponentObservation[], signal: AbortSignal): Promise<void> {
    const prometheus = components.find((component) => component.name === 'prometheus');
    const keeper = this.keepers.find(({ component }) => component === 'prometheus');
    const startedAtMs = keeper?.view().file?.startedAtMs;
    if (prometheus?.state !== 'running' || prometheus.address === null || startedAtMs === undefined) {
      this.flow = undefined;
      return;
    }
    const { address } = prometheus;
    // Without them nothing can be asked, and the components' own states say so: the look itself must go on.
    const credentials = await this.context.credentials().catch(() => undefined);
    if (credentials === undefined) {
      this.flow = undefined;
      return;
    }
    const head = await readPrometheusHead({ name: 'prometheus', address, credentials }, signal);
    if (head === undefined) return;
    this.flow = followSampleFlow(this.flow, { startedAtMs, head, nowMs: this.context.now() });
    this.newestSampleMs = head.newestSampleMs ?? this.newestSampleMs;
    if (head.walWritesFailed > 0) keeper?.expectUncleanEnd();
  }

  private async explainPrometheusLog(stack: StackFile) {
    if (this.flow === undefined) return null;
    const log = join(this.context.dataRoot, paths.log('prometheus'));
    const file = this.keepers.find((keeper) => keeper.component === 'prometheus')?.view().file;
    const lines = await readLogTail(log, { fromOffset: file?.logOffset ?? 0, maxBytes: 16_384 });
    const volume = join(this.context.dataRoot, paths.volume('prometheus'));
    const port = stack.config.prometheus.port;
    return explainLog(lines, { component: 'prometheus', volume, port, listener: null }) ?? null;
  }

  private async observeVolume(
    listed: ListedVolume,
    stack: StackFile,
    signal: AbortSignal,
  ): Promise<Observation['volumes'][number]> {
    const { state } = await readVolumeCondition(this.context.dataRoot, listed, stack.stackId);
    const path = join(this.context.dataRoot, listed.path);
    const measure = await this.measureVolume(listed, path, signal);
    const newest = listed.component === 'prometheus' ? this.newestSampleMs : null;
    return {
      component: listed.component,
      path,
      id: listed.id,
      state,
      sizeBytes: measure.sizeBytes,
      oldestMs: measure.oldestMs,
      newestMs: newest === null ? measure.newestMs : Math.max(newest, measure.newestMs ?? newest),
    };
  }

  /** A walk over a large TSDB on a share is dear, so it is made once a minute. */
  private async measureVolume(listed: ListedVolume, path: string, signal: AbortSignal): Promise<VolumeMeasure> {
    const known = this.measures.get(listed.id);
    const atMs = this.context.now();
    if (known !== undefined && atMs - known.atMs < measureEveryMs) return known;
    const data = join(path, dataDirectoryInVolume[listed.component] ?? '');
    const none: BlockRange = { oldestMs: null, newestMs: null };
    const isTsdb = listed.component === 'prometheus';
    const range = isTsdb ? await this.context.readBlockRange(data).catch(() => none) : none;
    const sizeBytes = await directorySize(path, { maxEntries: 100_000, signal }).catch(() => null);
    const measure = { atMs, sizeBytes, ...range };
    this.measures.set(listed.id, measure);
    return measure;
  }
}

function notApplicable(name: ComponentObservation['name']): ComponentObservation {
  const none = {
    address: null,
    version: null,
    sinceMs: null,
    restarts: 0,
    identity: null,
    run: null,
    launchDigest: null,
  };
  const reason = 'There is no Kubernetes here for it to look at.';
  return { name, state: 'not-applicable', ...none, reason, remedy: null };
}
