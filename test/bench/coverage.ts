import { link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mainFile, openHoldfast } from '../harness/holdfast.ts';
import { dayMs, makeBlocks } from '../harness/make-blocks.ts';
import { runCommand } from '../harness/run-command.ts';
import { atMost, median, withoutTarget, type Figure } from './figure.ts';
import { peakMemory } from './peak-memory.ts';
import { shiftChunks, shiftIndex } from './shift-block.ts';

const blocks = 500;
const blockMs = 2 * 3_600_000;
const rounds = 11;

/**
 * How long `coverage` takes for so many blocks of two hours, with an empty cache and with a full one, each time beside
 * `node -e 0`; what counts is what it takes above that; and the most memory that it takes with an empty cache.
 */
export async function measureCoverage(say: (line: string) => void): Promise<readonly Figure[]> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-bench-coverage-'));
  const holdfast = await openHoldfast({ cache: join(directory, 'cache') });
  const time = async (words: readonly string[]): Promise<number> => {
    const { exitCode, stderr, tookMs } = await runCommand(process.execPath, words, {
      environment: holdfast.environment,
    });
    if (exitCode !== 0) throw new Error(`${words.join(' ')}: exit ${exitCode}\n${stderr}`);
    return tookMs;
  };
  try {
    say(`  making ${blocks} blocks`);
    const data = join(directory, 'data');
    const samples = await makeManyBlocks(data);
    const words = [mainFile(), 'coverage', data, '--json'];
    await time(words);
    const [node, cold, warm]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < rounds; round += 1) {
      node.push(await time(['-e', '0']));
      warm.push(await time(words));
    }
    for (let round = 0; round < 3; round += 1) {
      await rm(join(directory, 'cache', 'holdfast', 'coverage'), { recursive: true });
      cold.push(await time(words));
    }
    await rm(join(directory, 'cache', 'holdfast', 'coverage'), { recursive: true });
    const mostMegabytes = await peakMemory(process.execPath, words, holdfast.environment);
    const floor = median(node);
    const from = { node, warm, cold, samples };
    const name = `coverage of ${blocks} blocks`;
    return [
      atMost(150, { name: `${name}, warm, above node -e 0`, value: median(warm) - floor, unit: 'ms', from }),
      withoutTarget({ name: `${name}, cold, above node -e 0`, value: median(cold) - floor, unit: 'ms' }),
      atMost(300, { name: `${name}, cold, RSS at most`, value: mostMegabytes, unit: 'MB' }),
      withoutTarget({ name: 'node -e 0 in the same run', value: floor, unit: 'ms' }),
    ];
  } finally {
    await holdfast.cleanUp();
    await rm(directory, { recursive: true, force: true });
  }
}

/** promtool writes one block; the others are copies of it with their times moved back. Returns how many samples there are. */
async function makeManyBlocks(data: string): Promise<number> {
  const made = await makeBlocks({ endsBeforeNowMs: 2 * dayMs, spanMs: 2 * blockMs, everyMs: 15_000, series: 100 });
  const metas = await Promise.all(
    made.blocks.map(async (ulid) => ({ ulid, text: await readFile(join(made.directory, ulid, 'meta.json'), 'utf8') })),
  );
  const [whole] = metas.sort((one, other) => countIn(other.text) - countIn(one.text));
  if (whole === undefined) throw new Error('promtool made no block.');
  const from = join(made.directory, whole.ulid);
  const [index, chunks] = [await readFile(join(from, 'index')), await readFile(join(from, 'chunks', '000001'))];
  for (let back = 0; back < blocks; back += 1) {
    const ulid = `01${String(back).padStart(24, '0')}`;
    const meta = JSON.parse(whole.text) as { minTime: number; maxTime: number };
    const shiftMs = back * blockMs;
    const moved = { ...meta, ulid, minTime: meta.minTime - shiftMs, maxTime: meta.maxTime - shiftMs };
    await mkdir(join(data, ulid, 'chunks'), { recursive: true });
    await writeFile(join(data, ulid, 'meta.json'), JSON.stringify(moved));
    await writeFile(join(data, ulid, 'index'), shiftIndex(index, -shiftMs));
    await writeFile(join(data, ulid, 'chunks', '000001'), shiftChunks(chunks, -shiftMs));
    if ((await readdir(from)).includes('tombstones'))
      await link(join(from, 'tombstones'), join(data, ulid, 'tombstones'));
  }
  // Files that were written a moment ago are not cached.
  await sleep(200);
  return blocks * countIn(whole.text);
}

function countIn(meta: string): number {
  return (JSON.parse(meta) as { readonly stats: { readonly numSamples: number } }).stats.numSamples;
}
