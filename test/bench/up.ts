import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../harness/ask-components.ts';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { waitFor } from '../harness/wait-for.ts';
import { atMost, median, withoutTarget, type Figure } from './figure.ts';

interface StepResult {
  readonly phase: string;
  readonly title: string;
  readonly tookMs: number | null;
}

/** The scrape interval is the product's own, as a newcomer has it. */
const ownInterval = { prometheus: { scrapeInterval: '15s' } };

/** Everything from nothing: programs are fetched into an empty cache, by whichever source can be reached. */
export async function measureFirstUp(): Promise<readonly Figure[]> {
  const cache = await mkdtemp(join(tmpdir(), 'holdfast-bench-cache-'));
  const holdfast = await openHoldfast({ cache, config: ownInterval });
  try {
    const { json, tookMs } = await holdfast.succeed(['up'], { timeoutMs: 600_000 });
    const steps = (json.steps ?? []) as unknown as readonly StepResult[];
    const phases = [...new Set(steps.map(({ phase }) => phase))].map((phase) => ({
      phase,
      ms: steps.filter((step) => step.phase === phase).reduce((sum, step) => sum + (step.tookMs ?? 0), 0),
    }));
    return [
      withoutTarget({
        name: 'first up, empty cache',
        value: tookMs,
        unit: 'ms',
        from: { phases, steps: steps.map(({ title, tookMs: ms }) => ({ title, ms })) },
      }),
    ];
  } finally {
    await holdfast.cleanUp();
    await rm(cache, { recursive: true, force: true });
  }
}

const warmUps = 5;

/** `up` after `down`: until every component answers, and until the first samples are in, which is when `up` ends. */
export async function measureWarmUp(): Promise<readonly Figure[]> {
  const holdfast = await openHoldfast({ config: ownInterval });
  try {
    await holdfast.succeed(['up']);
    const { user, password } = await holdfast.credentials();
    const times = [];
    for (let round = 0; round < warmUps; round += 1) {
      await holdfast.succeed(['down']);
      times.push(await timeUp(holdfast, `${user}:${password}`));
    }
    const allReady = times.map(({ allReadyMs }) => Math.round(allReadyMs));
    const ok = times.map(({ okMs }) => Math.round(okMs));
    return [
      atMost(6_000, { name: 'warm up, every component answers', value: median(allReady), unit: 'ms', from: allReady }),
      withoutTarget({ name: 'warm up, first samples are in', value: median(ok), unit: 'ms', from: ok }),
      ...(await measureMemory(holdfast)),
    ];
  } finally {
    await holdfast.cleanUp();
  }
}

async function timeUp(holdfast: Holdfast, as: string) {
  const startedAtMs = performance.now();
  const command = holdfast.start(['up']);
  const allReadyMs = await waitUntilAllAnswer(holdfast, as, startedAtMs);
  const { exitCode, stderr, tookMs } = await command.outcome;
  if (exitCode !== 0) throw new Error(`up: exit ${exitCode}\n${stderr}`);
  return { allReadyMs, okMs: tookMs };
}

/** Asked from outside, so that the product cannot flatter itself. */
async function waitUntilAllAnswer({ ports }: Holdfast, as: string, startedAtMs: number): Promise<number> {
  const doors = [
    { port: ports.prometheus, path: '/-/ready' },
    { port: ports.alertmanager, path: '/-/ready' },
    { port: ports.pushgateway, path: '/-/ready' },
    { port: ports.nodeExporter, path: '/metrics' },
  ];
  return waitFor(
    'every component answers',
    async () => {
      const answers = await Promise.all(doors.map(async ({ port, path }) => ask(port, path, { as })));
      return answers.every(({ status }) => status === 200) && performance.now() - startedAtMs;
    },
    { timeoutMs: 120_000, everyMs: 20 },
  );
}

const settleMs = 30_000;

async function measureMemory(holdfast: Holdfast): Promise<readonly Figure[]> {
  await sleep(settleMs);
  const pid = (await holdfast.status()).daemon?.pid ?? -1;
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name: string) => (Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024) / 1e6;
  return [
    atMost(90, { name: 'daemon RSS, half a minute after up', value: megabytes('VmRSS'), unit: 'MB' }),
    withoutTarget({ name: 'daemon RSS, highest since its start', value: megabytes('VmHWM'), unit: 'MB' }),
  ];
}
