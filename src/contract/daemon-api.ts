import * as z from 'zod/mini';
import type { StatusReport } from '../model/status.ts';

/**
 * The daemon's API, spoken as JSON over a Unix socket (mode 0600) of its own user.
 *
 *   GET  /v1/observation[?fresh=1]        -> Observation
 *   POST /v1/components/NAME/hold  {run}  -> {}   the component is not restarted until start; it keeps running
 *   POST /v1/components/NAME/stop  {run}  -> StopResult, once the process is gone
 *   POST /v1/components/NAME/start {run}  -> {}   releases a hold, starts; readiness is seen in the observation
 *   POST /v1/shutdown {stop: boolean}     -> {}   stop: true stops the components in order first
 */
export const identitySchema = z.object({
  host: z.string(),
  bootId: z.string(),
  pid: z.int().check(z.positive()),
  startTicks: z.int().check(z.nonnegative()),
});

export const componentStates = [
  'running',
  'starting',
  'stopping',
  'stopped',
  'held',
  'restarting',
  'failed',
  'refused',
  'unavailable',
  'not-applicable',
  'unknown',
] as const;

/** A component as the daemon sees it: what `status` prints, and what a plan needs to name its instance. */
export const componentObservationSchema = z.object({
  name: z.enum(['prometheus', 'alertmanager', 'pushgateway', 'node-exporter', 'grafana', 'kube-state-metrics']),
  state: z.enum(componentStates),
  address: z.nullable(z.string()),
  version: z.nullable(z.string()),
  sinceMs: z.nullable(z.number()),
  restarts: z.int(),
  /** Why it is not running, or why it last died, in words with the last log lines where they help. */
  reason: z.nullable(z.string()),
  /** One command or sentence where there is something to do. */
  remedy: z.nullable(z.string()),
  identity: z.nullable(identitySchema),
  /** The run whose start-component started this instance. */
  run: z.nullable(z.string()),
  /** Digest of what it was launched with (stack/render-component). */
  launchDigest: z.nullable(z.string()),
});
export type ComponentObservation = z.infer<typeof componentObservationSchema>;

export const volumeObservationSchema = z.object({
  component: z.enum(['prometheus', 'alertmanager', 'pushgateway', 'grafana']),
  path: z.string(),
  id: z.string(),
  state: z.enum(['ok', 'missing', 'empty', 'foreign', 'unreadable']),
  sizeBytes: z.nullable(z.number()),
  oldestMs: z.nullable(z.number()),
  newestMs: z.nullable(z.number()),
});

export const findingSchema = z.object({
  rule: z.string(),
  severity: z.enum(['info', 'warning', 'error']),
  object: z.string(),
  message: z.string(),
  remedy: z.string(),
});

export const observationSchema = z.object({
  format: z.literal(1),
  observedAtMs: z.number(),
  holdfastVersion: z.string(),
  stackId: z.string(),
  /** False as soon as no component needs anything: see StatusReport.ok. */
  ok: z.boolean(),
  daemon: z.nullable(z.object({ identity: identitySchema, service: z.enum(['none', 'user', 'system']) })),
  components: z.array(componentObservationSchema),
  volumes: z.array(volumeObservationSchema),
  findings: z.array(findingSchema),
  /** Newest sample in Prometheus' head, or null where it does not run or has none. */
  newestSampleMs: z.nullable(z.number()),
});
/** Also written to last-observation.json, so that it outlives the daemon. */
export type Observation = z.infer<typeof observationSchema>;

export const runBodySchema = z.object({ run: z.string() });
export const stopResultSchema = z.object({
  /** How it ended: `terminated` on SIGTERM within its grace, `killed` on SIGKILL, `gone` where it did not run. */
  how: z.enum(['terminated', 'killed', 'gone']),
  tookMs: z.number(),
});
export type StopResult = z.infer<typeof stopResultSchema>;
export const shutdownBodySchema = z.object({ stop: z.boolean() });

/** run/daemon.json: where the daemon of this data root is. */
export const daemonFileSchema = z.object({
  format: z.literal(1),
  identity: identitySchema,
  socket: z.string(),
  holdfastVersion: z.string(),
  service: z.enum(['none', 'user', 'system']),
  /** Where the root was when the daemon started: a copy elsewhere must not take this daemon for its own. */
  dataRoot: z.object({ path: z.string(), device: z.number(), inode: z.number() }),
});
export type DaemonFile = z.infer<typeof daemonFileSchema>;

/** run/<component>.json: the instance that the supervisor started, written before and after the spawn. */
export const instanceFileSchema = z.object({
  format: z.literal(1),
  component: z.string(),
  /** Also in the process' environment as HOLDFAST_INSTANCE, so that one spawned just before a crash is found again. */
  token: z.string(),
  identity: z.nullable(identitySchema),
  run: z.nullable(z.string()),
  launchDigest: z.string(),
  volumeId: z.nullable(z.string()),
  startedAtMs: z.number(),
  version: z.string(),
  restarts: z.int(),
  /** `run`: keep it running. `held`: a plan stopped it. `stopped`: nobody wants it. */
  wanted: z.enum(['run', 'held', 'stopped']),
  /** Where it was launched to answer, which is not what stack.json says once that has changed. */
  address: z.optional(z.string()),
  /** Where this instance's lines begin in its log. */
  logOffset: z.optional(z.int().check(z.nonnegative())),
  dataRoot: z.object({ path: z.string(), device: z.number(), inode: z.number() }),
});
export type InstanceFile = z.infer<typeof instanceFileSchema>;

/** What the CLI can ask of a daemon; adapters/daemon speaks it over the socket. */
export interface DaemonReader {
  /** Undefined where no daemon runs for this data root. */
  observe(options: { readonly fresh: boolean }, signal: AbortSignal): Promise<Observation | undefined>;
}
export interface DaemonClient extends DaemonReader {
  hold(component: string, run: string, signal: AbortSignal): Promise<void>;
  stop(component: string, run: string, signal: AbortSignal): Promise<StopResult>;
  start(component: string, run: string, signal: AbortSignal): Promise<void>;
  shutdown(options: { readonly stop: boolean }, signal: AbortSignal): Promise<void>;
}
export type { StatusReport };
