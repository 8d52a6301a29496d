import { cpus, loadavg } from 'node:os';
import { openHoldfast } from '../harness/holdfast.ts';
import { measureCheck } from './check.ts';
import { measureCoverage } from './coverage.ts';
import type { Figure } from './figure.ts';
import { measureInventory } from './inventory.ts';
import { measureOutage, parseSize } from './outage.ts';
import { measureRescue } from './rescue.ts';
import { measureStartUp } from './start-up.ts';
import { measureFirstUp, measureWarmUp } from './up.ts';

export interface BenchOptions {
  readonly repetitions: number;
  /** As `2GB`; undefined for none. */
  readonly large: string | undefined;
  readonly only: readonly string[] | undefined;
  readonly say: (line: string) => void;
}

export interface BenchReport {
  readonly atMs: number;
  /** The load averages tell whether the machine was busy with something else; times then say little, ratios still something. */
  readonly machine: {
    readonly node: string;
    readonly cpus: number;
    readonly model: string;
    readonly loadBefore: number;
    readonly loadAfter: number;
  };
  readonly ok: boolean;
  readonly figures: readonly Figure[];
}

const partsWithoutStack: ReadonlySet<string> = new Set(['check', 'inventory']);
const smallBytes = 10_000_000;

/** Measures everything one after the other, on stacks of its own below the temporary directory. */
export async function runBench({ repetitions, large, only, say }: BenchOptions): Promise<BenchReport> {
  const figures: Figure[] = [];
  const [loadBefore = 0] = loadavg();
  const measure = async (part: string, name: string, take: () => Promise<readonly Figure[]>) => {
    if (only !== undefined && !only.includes(part)) return;
    say(name);
    for (const figure of await take()) {
      const target =
        figure.target === null ? '' : ` (target ${figure.target}: ${figure.ok === true ? 'ok' : 'MISSED'})`;
      say(`  ${figure.name}: ${figure.value} ${figure.unit}${target}`);
      figures.push(figure);
    }
  };
  const checkName = large ?? '200MB';
  await measure('check', `check of ${checkName} of blocks`, async () =>
    measureCheck(checkName, parseSize(checkName), say),
  );
  await measure('inventory', `inventory of ${checkName} of blocks`, async () =>
    measureInventory(checkName, parseSize(checkName), say),
  );
  await measure('coverage', 'coverage, cold and warm', async () => measureCoverage(say));
  await measure('up', 'first up with an empty cache', measureFirstUp);
  const needStack = only === undefined || only.some((part) => !partsWithoutStack.has(part));
  await withWarmCache(needStack, async () => {
    await measure('up', 'warm up', measureWarmUp);
    await measure('start-up', 'start of the command', async () => measureStartUp(repetitions));
    await measure('outage', 'rebuild with 10 MB of blocks', async () => measureOutage('10MB', smallBytes, say));
    await measure('rescue', 'rescue of a share', async () => measureRescue(say));
    if (large !== undefined) {
      await measure('outage', `rebuild with ${large} of blocks`, async () =>
        measureOutage(large, parseSize(large), say),
      );
    }
  });
  const [cpu] = cpus();
  const [loadAfter = 0] = loadavg();
  return {
    atMs: Date.now(),
    machine: { node: process.version, cpus: cpus().length, model: cpu?.model ?? '', loadBefore, loadAfter },
    ok: figures.every(({ ok }) => ok !== false),
    figures,
  };
}

/** One `up` fills the cache that tests and bench share, so that nothing is fetched while something is measured. */
async function withWarmCache(needStack: boolean, use: () => Promise<void>): Promise<void> {
  if (!needStack) return;
  const holdfast = await openHoldfast();
  try {
    await holdfast.succeed(['up'], { timeoutMs: 600_000 });
  } finally {
    await holdfast.cleanUp();
  }
  await use();
}
