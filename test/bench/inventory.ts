import { link, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TsdbInventory } from '../../src/model/tsdb-inventory.ts';
import { mainFile } from '../harness/holdfast.ts';
import { runCommand } from '../harness/run-command.ts';
import { atLeast, atMost, median, withoutTarget, type Figure } from './figure.ts';
import { makeLargeBlocks } from './make-large-blocks.ts';
import { peakMemory } from './peak-memory.ts';
import { runMeasured, type Measured } from './run-measured.ts';

const rounds = 3;
/** Every tenth of the series, or more: promtool takes its time. */
const dumped = '{series=~"1.*"}';

/**
 * An inventory of whole blocks by one thread and by two, and what promtool dumps of one of them, in turn with a warm cache: how
 * many samples in a second, and in a second of CPU; and the most memory that each takes.
 */
export async function measureInventory(
  name: string,
  sizeBytes: number,
  say: (line: string) => void,
): Promise<readonly Figure[]> {
  const { directory } = await makeLargeBlocks(sizeBytes, say);
  const part = await openPart(directory);
  try {
    await count(directory, 2);
    const alone: Counted[] = [];
    const together: Counted[] = [];
    const promtool: Counted[] = [];
    for (let round = 0; round < rounds; round += 1) {
      alone.push(await count(directory, 1));
      together.push(await count(directory, 2));
      promtool.push(await part.dump());
    }
    return [
      ...speeds(name, { alone, together, promtool }),
      atMost(300, {
        name: `inventory of ${name}, RSS at most`,
        value: await peakMemory(process.execPath, [mainFile(), 'inventory', directory, '--json']),
        unit: 'MB',
      }),
      withoutTarget({
        name: 'promtool tsdb dump of a tenth of one block, RSS at most',
        value: await part.peakMemory(),
        unit: 'MB',
      }),
    ];
  } finally {
    await part.remove();
  }
}

interface Counted {
  readonly samples: number;
  readonly ms: number;
  readonly cpuMs: number;
}

interface Rounds {
  readonly alone: readonly Counted[];
  readonly together: readonly Counted[];
  readonly promtool: readonly Counted[];
}

function speeds(name: string, { alone, together, promtool }: Rounds): readonly Figure[] {
  const millions = ({ samples, ms }: Counted) => samples / 1e3 / ms;
  const millionsOfCpu = ({ samples, cpuMs }: Counted) => samples / 1e3 / cpuMs;
  const medianOf = (all: readonly Counted[], by: (counted: Counted) => number) => median(all.map(by));
  const from = { alone, together, promtool };
  const unit = 'count';
  const two = medianOf(together, millions);
  const dump = medianOf(promtool, millions);
  return [
    atLeast(30, { name: `inventory of ${name}, two threads, million samples in a second`, value: two, unit, from }),
    withoutTarget({ name: 'the same, one thread', value: medianOf(alone, millions), unit }),
    withoutTarget({ name: 'two threads, in a second of CPU', value: medianOf(together, millionsOfCpu), unit }),
    withoutTarget({ name: 'one thread, in a second of CPU', value: medianOf(alone, millionsOfCpu), unit }),
    withoutTarget({ name: 'promtool tsdb dump, million samples in a second', value: dump, unit }),
    withoutTarget({ name: 'promtool tsdb dump, in a second of CPU', value: medianOf(promtool, millionsOfCpu), unit }),
    atLeast(30, { name: 'inventory by two threads / promtool tsdb dump', value: two / dump, unit: 'ratio' }),
    withoutTarget({
      name: 'inventory by one thread / promtool tsdb dump',
      value: medianOf(alone, millions) / dump,
      unit: 'ratio',
    }),
  ];
}

async function count(directory: string, threads: 1 | 2): Promise<Counted> {
  const task = { kind: 'inventory', directory, settledMs: null, ...(threads === 1 && { threads }) } as const;
  const { value, ms, cpuMs }: Measured<TsdbInventory> = await runMeasured(task);
  if (value.findings.length > 0) throw new Error(`${directory} is damaged.`);
  return { samples: value.totals.samples, ms, cpuMs };
}

/** One block with a WAL beside it, without which promtool opens nothing. */
async function openPart(directory: string) {
  const [block = ''] = await readdir(directory);
  const home = await mkdtemp(join(dirname(directory), 'part-'));
  await mkdir(join(home, 'wal'));
  await mkdir(join(home, block, 'chunks'), { recursive: true });
  const chunks = (await readdir(join(directory, block, 'chunks'))).map((name) => join('chunks', name));
  for (const name of ['index', 'meta.json', 'tombstones', ...chunks]) {
    await link(join(directory, block, name), join(home, block, name));
  }
  const promtool = join(process.env['HOLDFAST_TEST_PROGRAMS'] ?? '', 'promtool');
  const words = ['tsdb', 'dump', `--match=${dumped}`, home];
  const samples = Number((await succeed('sh', ['-c', '"$@" | wc -l', 'sh', promtool, ...words])).stdout);
  return {
    dump: async (): Promise<Counted> => {
      // The shell says what its children took; the lines go nowhere.
      const { tookMs, stdout } = await succeed('sh', ['-c', '"$@" > /dev/null && times', 'sh', promtool, ...words]);
      return { samples, ms: tookMs, cpuMs: readTimes(stdout) };
    },
    peakMemory: async () => peakMemory(promtool, words),
    remove: async () => rm(home, { recursive: true }),
  };
}

/** The second line is of the children: `1m2.345s 0m0.67s` of the user and of the system. */
function readTimes(text: string): number {
  const times = [...(text.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  return times.reduce((sum, [, minutes, seconds]) => sum + 60_000 * Number(minutes) + 1000 * Number(seconds), 0);
}

async function succeed(program: string, words: readonly string[]) {
  const outcome = await runCommand(program, words, { timeoutMs: 900_000 });
  if (outcome.exitCode !== 0) throw new Error(`${program} ${words.join(' ')}: ${outcome.stderr}`);
  return outcome;
}
