import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { openAsker, type Asker } from '../harness/ask-components.ts';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { waitFor } from '../harness/wait-for.ts';
import { atMost, withoutTarget, type Figure } from './figure.ts';
import { makeLargeBlocks } from './make-large-blocks.ts';

const intervalMs = 15_000;
const targetMs = 2 * intervalMs + 5_000;
const rebuilds = 2;

/** `10MB`, `2GB`: powers of ten. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(MB|GB)$/.exec(text);
  if (match === null) throw new Error(`${text} is no size such as 2GB.`);
  return Number(match[1]) * (match[2] === 'GB' ? 1e9 : 1e6);
}

/** How long nothing was scraped around a rebuild of a stack with so many bytes of blocks: the worst of all targets. */
export async function measureOutage(
  name: string,
  sizeBytes: number,
  say: (line: string) => void,
): Promise<readonly Figure[]> {
  const blocks = await makeLargeBlocks(sizeBytes, say);
  const holdfast = await openHoldfast({ config: { prometheus: { scrapeInterval: '15s' } } });
  try {
    const adopted = await holdfast.succeed(['adopt', blocks.directory, '--as', 'prometheus'], { timeoutMs: 600_000 });
    await holdfast.succeed(['up'], { timeoutMs: 600_000 });
    const asker = await openAsker(holdfast);
    const outages = [];
    for (let round = 0; round < rebuilds; round += 1) outages.push(await measureRebuild(holdfast, asker));
    const worst = Math.max(...outages.map(({ worstMs }) => worstMs));
    const took = Math.max(...outages.map(({ tookMs }) => tookMs));
    return [
      atMost(targetMs, { name: `outage of a rebuild, ${name} of blocks`, value: worst, unit: 'ms', from: outages }),
      withoutTarget({ name: `the whole rebuild, ${name} of blocks`, value: took, unit: 'ms' }),
      withoutTarget({
        name: `adopt, ${name} of blocks`,
        value: adopted.tookMs,
        unit: 'ms',
        from: { bytes: blocks.sizeBytes, blocks: (await readdir(blocks.directory)).length },
      }),
    ];
  } finally {
    await holdfast.cleanUp();
  }
}

async function measureRebuild(holdfast: Holdfast, asker: Asker) {
  await waitForScrapes(asker, Date.now() - 3_600_000);
  // Not always in the same phase of the scrapes.
  await sleep(Math.random() * intervalMs);
  const stoppedAtMs = Date.now();
  const { tookMs, json } = await holdfast.succeed(['rebuild', '--confirm', 'monitoring'], { timeoutMs: 600_000 });
  if (json.proof?.lost.samples !== 0) throw new Error(`The rebuild lost samples: ${JSON.stringify(json.proof)}`);
  const times = await waitForScrapes(asker, await readStart(asker, stoppedAtMs));
  const byTarget = Object.fromEntries([...times].map(([job, all]) => [job, Math.round(longestHole(all, stoppedAtMs))]));
  return { worstMs: Math.max(...Object.values(byTarget)), byTarget, tookMs: Math.round(tookMs), gap: json.proof.gap };
}

/** When Prometheus was started; after the moment that is given. */
async function readStart(asker: Asker, afterMs: number): Promise<number> {
  const info = JSON.parse(await asker.get('prometheus', '/api/v1/status/runtimeinfo')) as {
    readonly data: { readonly startTime: string };
  };
  const startedAtMs = Date.parse(info.data.startTime);
  if (startedAtMs < afterMs) throw new Error('The rebuild has not restarted Prometheus.');
  return startedAtMs;
}

/** The raw samples of `up` of every target, once each has one after that moment. */
async function waitForScrapes(asker: Asker, sinceMs: number): Promise<ReadonlyMap<string, readonly number[]>> {
  return waitFor(
    'every target was scraped',
    async () => {
      const words = new URLSearchParams({ query: 'up[10m]', time: String(Date.now() / 1000) });
      const answer = JSON.parse(await asker.get('prometheus', `/api/v1/query?${words.toString()}`)) as UpSamples;
      const times = new Map(
        answer.data.result.map(({ metric, values }) => [metric.job, values.map(([seconds]) => seconds * 1000)]),
      );
      return times.size >= 4 && [...times.values()].every((all) => (all.at(-1) ?? 0) > sinceMs) && times;
    },
    { timeoutMs: 90_000, everyMs: 250 },
  );
}

interface UpSamples {
  readonly data: {
    readonly result: readonly {
      readonly metric: { readonly job: string };
      readonly values: readonly (readonly [number, string])[];
    }[];
  };
}

/** The longest time between two samples of one target around and after that moment. */
function longestHole(times: readonly number[], fromMs: number): number {
  const holes = times.slice(1).map((time, index) => ({ endsMs: time, ms: time - (times[index] ?? time) }));
  return Math.max(0, ...holes.filter(({ endsMs }) => endsMs > fromMs).map(({ ms }) => ms));
}
