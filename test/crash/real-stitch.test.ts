/**
 * `holdfast rescue stitch` is killed in the place of each call that changes the disk (of a write, half of it is there), and
 * killed once more while the same command finishes. No source ever changes, nothing is in the place of the result that a
 * Prometheus would take for a block before all of it is proven, and what comes out is what comes out of one that nobody killed.
 */
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isBlockName } from '../../src/tsdb/block-name.ts';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';
import { segmentName } from '../../src/tsdb/head/wal-names.ts';
import { writeWal } from '../harness/write-head.ts';
import { inventoryOf, makeOrphan, opensIn, startMs } from '../scenarios/stitch-volumes.ts';
import { createRandom } from '../simulation/random.ts';
import { choosePoints, killCommand } from './kill-command.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const isLong = process.env['HOLDFAST_TEST_LONG'] === '1';
const hourMs = 3_600_000;

describe.skipIf(programs === undefined)('a stitch that is killed (skipped where there is no Prometheus)', () => {
  let directory = '';
  let holdfast: Holdfast;
  let sources: readonly string[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-killed-'));
    holdfast = await openHoldfast();
    sources = ['first', 'rival', 'head'].map((name) => join(directory, name));
    const [first = '', rival = '', head = ''] = sources;
    const promtool = join(programs ?? '', 'promtool');
    await makeOrphan(promtool, first, { from: 0, to: 4 });
    await makeOrphan(promtool, rival, { from: 2, to: 6, off: 5 });
    await mkdir(head);
    await cp(first, head, { recursive: true });
    writeLateHead(head);
  });
  afterAll(async () => {
    await holdfast.cleanUp();
    await rm(directory, { recursive: true, force: true });
  });

  const place = (): string => join(directory, 'place');
  const into = (): string => join(place(), 'result');
  const begin = async (): Promise<void> => {
    await rm(place(), { recursive: true, force: true });
    await mkdir(place());
  };
  const words = () => [
    ...['rescue', 'stitch', ...sources, '--into', into(), '--wins', sources[0] ?? ''],
    ...['--confirm', 'result', '--unsafe-skip-opening'],
  ];
  const killAt = (call: number) => killCommand({ holdfast, words: words(), log: join(directory, 'calls'), call });
  const blocksIn = async (): Promise<readonly string[]> =>
    (await readdir(into()).catch(() => [])).filter(isBlockName).sort();
  const finish = async () => {
    const { proof } = (await holdfast.succeed(words())).json;
    return { ...(proof as unknown as object), run: '', provedAtMs: 0 };
  };

  test('ends as one that nobody killed, and its sources stay', { timeout: isLong ? 3_600_000 : 900_000 }, async () => {
    const before = await Promise.all(sources.map((source) => snapshotTree(source)));
    const areAsBefore = async () =>
      expect(await Promise.all(sources.map((source) => snapshotTree(source)))).toEqual(before);
    await begin();
    const { wasKilled, calls } = await killAt(Infinity);
    expect(wasKilled).toBe(false);
    const expected = await finish();
    const { windows, totals } = inventoryOf(into());
    const blocks = await blocksIn();
    expect(totals.outOfOrderSamples).toBe(0);
    expect(expected).toMatchObject({ lost: 0, added: 0, holds: { samples: totals.samples } });
    await (await opensIn(join(programs ?? '', 'prometheus'), into())).cleanUp();
    const random = createRandom(19);
    let killedTwice = 0;
    for (const call of choosePoints(calls)) {
      const at = `killed at ${call}: ${calls[call - 1]}`;
      await begin();
      expect((await killAt(call)).wasKilled, at).toBe(true);
      await isNothingOrProven(at);
      if ((await killAt(1 + random.below(Math.max(1, calls.length - call)))).wasKilled) killedTwice += 1;
      await isNothingOrProven(at);
      expect(await finish(), at).toEqual(expected);
      expect(inventoryOf(into()).windows, at).toEqual(windows);
      expect(await readdir(into()), at).toHaveLength(blocks.length);
      await areAsBefore();
    }
    expect(killedTwice).toBeGreaterThan(0);
  });

  /** Blocks get their place once the proof is written. */
  async function isNothingOrProven(at: string): Promise<void> {
    const blocks = await blocksIn();
    if (blocks.length === 0) return;
    const files = await readdir(`${into()}-stitch`, { recursive: true });
    expect(
      files.some((file) => file.endsWith('/proof.json')),
      at,
    ).toBe(true);
  }
});

/** Behind the blocks, with samples that came out of order, also where something was deleted. */
function writeLateHead(data: string): void {
  const headMs = startMs + 4 * hourMs;
  const labels = { __name__: 'check_value', job: 'late', series: 'late' };
  const seconds = Array.from({ length: 300 }, (_, at) => [1, headMs + at * 1000, at] as const);
  writeWal(join(data, 'wal', segmentName(0)), [
    { series: 1, labels },
    { samples: seconds },
    { deleted: 1, fromMs: headMs, toMs: headMs + 20_000 },
  ]);
  writeWal(join(data, 'wbl', segmentName(0)), [
    { samples: [5.5, 6.5, 200.5].map((at) => [1, headMs + at * 1000, at] as const) },
  ]);
}
