/**
 * An operator asks when a stack's Prometheus has written. It was stopped for half a minute by `down`, and that is the one gap,
 * with its run; a copy of the volume has the same gap, and nobody knows why. Nothing is written but the cache, which four
 * commands use at once; one that is torn or cannot be written is said, and the answer is the same.
 */
import { cp, mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { CoverageGap, CoverageReport } from '../../src/model/coverage.ts';
import { openAsker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { dayMs, makeBlocks } from '../harness/make-blocks.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';
import { waitFor } from '../harness/wait-for.ts';

/** What is open reaches to the look, which is another one each time. */
function inOneMoment(volumes: CoverageReport['volumes']): CoverageReport['volumes'] {
  const close = (gaps: readonly CoverageGap[]) => gaps.map((gap) => (gap.isOpen ? { ...gap, toMs: 0 } : gap));
  return volumes.map((volume) => {
    return { ...volume, gaps: close(volume.gaps), jobs: volume.jobs.map((job) => ({ ...job, gaps: close(job.gaps) })) };
  });
}

/** Nothing shorter is a gap. */
const shortestGapMs = 20_000;

describeStack('coverage', () => {
  let holdfast: Holdfast;
  const volume = () => holdfast.path('volumes', 'prometheus');
  const cache = () => join(holdfast.directory, 'own-cache');
  const options = () => ({ environment: { XDG_CACHE_HOME: cache() } });
  const cover = async (...words: readonly string[]): Promise<CoverageReport> => {
    const { json } = await holdfast.succeed(['coverage', ...words], options());
    return json as unknown as CoverageReport;
  };

  /** Enough of them to tell what is usual: a few samples around a hole have no interval but the hole. */
  const waitForScrapes = async () =>
    (await openAsker(holdfast)).waitForSeries('count_over_time(up{job="prometheus"}[20s]) >= 8');

  test('of a stack that ran, was down, and runs: one gap, and the run that is its reason', async () => {
    holdfast = await openHoldfast();
    const made = await makeBlocks({ endsBeforeNowMs: dayMs, spanMs: dayMs / 4, everyMs: 60_000, series: 5 });
    await holdfast.succeed(['adopt', made.directory]);
    await holdfast.succeed(['up']);
    await waitForScrapes();
    const stopped = await holdfast.succeed(['down']);
    await sleep(1.5 * shortestGapMs);
    await holdfast.succeed(['up']);
    await waitForScrapes();
    const { volumes } = await cover();
    const [found] = volumes;
    expect(volumes).toHaveLength(1);
    expect(found).toMatchObject({ path: volume(), findings: [] });
    expect(found?.ranges[0]).toEqual({ fromMs: made.oldestMs, toMs: made.newestMs, samples: made.samples });
    const gaps = found?.gaps.map(({ reason, run }) => [reason, run]) ?? [];
    expect(gaps).toEqual([
      ['prometheus-down', null],
      ['down', stopped.json.run],
    ]);
    const job = found?.jobs.find((one) => one.job === 'prometheus');
    expect(job?.gaps).toMatchObject([{ reason: 'down' }]);
    expect((await holdfast.status()).ok).toBe(true);
  });

  test('of the same when it is down: by nothing, by a path, by two; four at once; and nothing is written there', async () => {
    const stopped = await holdfast.succeed(['down']);
    const before = await snapshotTree(volume());
    const isOpen = async () => (await cover()).volumes[0]?.gaps.at(-1)?.isOpen === true;
    await waitFor('the gap that is open', isOpen, { everyMs: 1000 });
    const { volumes } = await cover();
    expect(volumes[0]?.gaps.at(-1)).toMatchObject({ reason: 'down', run: stopped.json.run });
    const all = await Promise.all(
      [[], [volume()], [join(volume(), 'prometheus-db')], [volume()]].map(async (words) => cover(...words)),
    );
    for (const one of all) {
      expect(one.volumes[0]?.gaps.at(-1)?.reason).toBe('down');
      expect(inOneMoment(one.volumes).map(({ ranges, jobs }) => ({ ranges, jobs }))).toEqual(
        inOneMoment(volumes).map(({ ranges, jobs }) => ({ ranges, jobs })),
      );
      expect(one.cache.notes).toEqual([]);
    }
    expect((await cover()).cache).toMatchObject({ misses: 0 });
    const copy = join(holdfast.directory, 'elsewhere');
    await cp(volume(), copy, { recursive: true });
    const two = await cover(volume(), copy);
    expect(two.volumes.map(({ stack, gaps }) => [stack, gaps.at(-1)?.reason])).toEqual([
      [(await holdfast.stackFile()).name, 'down'],
      [null, 'prometheus-down'],
    ]);
    expect(await snapshotTree(volume())).toEqual(before);
  });

  test('for people: a picture, with the gap in words; as wide as it may be in ASCII', async () => {
    const environment = { ...options().environment, LC_ALL: 'C.UTF-8' };
    const said = await holdfast.say(['coverage'], { environment });
    expect([said.exitCode, said.stderr]).toEqual([0, '']);
    expect(said.stdout).toMatch(/^all +█+[▓░]?·+/m);
    expect(said.stdout).toMatch(
      /^gap {2}.* down: Prometheus was stopped by the run|^ {5}down: Prometheus was stopped by/m,
    );
    const plain = await holdfast.say(['coverage', '--jobs'], { environment: { ...environment, LC_ALL: 'C' } });
    expect(plain.stdout).toMatch(/^all +#+[+-]?\.+/m);
  });

  test('a cache that is torn, and one that cannot be: said, and the same answer', async () => {
    const { volumes } = await cover();
    const home = join(cache(), 'holdfast', 'coverage');
    for (const name of await readdir(home)) await truncate(join(home, name), 100);
    const torn = await cover();
    expect(inOneMoment(torn.volumes)).toEqual(inOneMoment(volumes));
    expect([torn.cache.notes.length, torn.cache.hits]).toEqual([1, 0]);
    expect((await cover()).cache.notes).toEqual([]);
    const file = join(holdfast.directory, 'file');
    await writeFile(file, '');
    const { json } = await holdfast.succeed(['coverage'], { environment: { XDG_CACHE_HOME: file } });
    const none = json as unknown as CoverageReport;
    expect(inOneMoment(none.volumes)).toEqual(inOneMoment(volumes));
    expect(none.cache.notes).toContainEqual(expect.stringContaining('could not be written'));
    const said = await holdfast.say(['coverage'], { environment: { XDG_CACHE_HOME: file } });
    expect(said.stdout).toContain('note: ');
  });

  test('what is no TSDB is said before anything is read', async () => {
    const empty = join(holdfast.directory, 'empty');
    await mkdir(empty);
    const none = await holdfast.run(['coverage', volume(), empty], options());
    expect([none.exitCode, none.json.error?.code]).toEqual([2, 'not-a-tsdb']);
    const other = await holdfast.run(['coverage', '--data', join(holdfast.directory, 'nothing')], {
      ...options(),
      bare: true,
    });
    expect([other.exitCode, other.json.error?.code]).toEqual([10, 'no-stack']);
  });
});
