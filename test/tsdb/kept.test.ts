/**
 * Whether every sample of one directory is in others together. Each of two holds a part of one window, and only sample by
 * sample can it be told that nothing is missing; a value that is wrong in one and right in the other is kept, whichever is
 * asked first; one sample that nobody holds, or that has another value wherever it is, is told. A copy of a Prometheus'
 * directory is kept in the Prometheus that went on from there, while that runs.
 */
import { execFile } from 'node:child_process';
import { cp, lstat, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KeptProof } from '../../src/model/discard-step.ts';
import { proveKept } from '../../src/observations/discard/prove-kept.ts';
import { waitFor } from '../harness/wait-for.ts';
import { writeWal, type WalEntry } from '../harness/write-head.ts';
import { openFixture } from './prometheus.ts';
import { look, readers } from './tsdb-readers.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const run = promisify(execFile);
const hourMs = 3_600_000;

async function prove(directory: string, keepers: readonly [string, ...string[]]): Promise<KeptProof> {
  const [first, ...others] = await Promise.all(keepers.map(async (path) => ({ path, inode: (await lstat(path)).ino })));
  if (first === undefined) throw new Error('no keeper');
  return proveKept({ directory, tsdbs: [directory], keepers: [first, ...others] }, readers, look);
}

describe.skipIf(programs === undefined)('one window in parts (skipped where there is no promtool)', () => {
  const startMs = Math.floor((Date.now() - 72 * hourMs) / (2 * hourMs)) * 2 * hourMs;
  const perSeries = 4 * 60;
  let directory = '';
  const at = (name: string) => join(directory, name);

  /** Four hours of four series, a sample a minute; null leaves one out. */
  async function make(name: string, value: (series: number, index: number) => number | null): Promise<void> {
    const lines = ['# TYPE kept gauge'];
    for (let series = 0; series < 4; series += 1) {
      for (let index = 0; index < perSeries; index += 1) {
        const found = value(series, index);
        if (found === null) continue;
        lines.push(`kept{job="j${series % 2}",series="${series}"} ${found} ${startMs / 1000 + index * 60}`);
      }
    }
    await writeFile(at(`${name}.om`), `${lines.join('\n')}\n# EOF\n`);
    const words = ['tsdb', 'create-blocks-from', '-q', 'openmetrics', at(`${name}.om`), at(name)];
    await run(join(programs ?? '', 'promtool'), words);
  }

  const valueOf = (series: number, index: number) => series * 1000 + Math.sin(index);
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-kept-'));
    await make('whole', valueOf);
    await make('even', (series, index) => (series === 0 && index % 2 === 1 ? null : valueOf(series, index)));
    await make('odd', (series, index) => (series === 0 && index % 2 === 1 ? valueOf(series, index) : null));
    await make('wrong', (series, index) => valueOf(series, index) + (series === 3 && index === 7 ? 1 : 0));
    await make('no-first', (series, index) => (series === 2 && index === 0 ? null : valueOf(series, index)));
    await make('upper', (series, index) => (series < 2 ? null : valueOf(series, index)));
    await make('lower', (series, index) => (series < 2 ? valueOf(series, index) : null));
  });
  afterAll(async () => rm(directory, { recursive: true, force: true }));

  const good = { samples: 4 * perSeries, lost: [], undecided: [] };

  test('by sums alone where one holds a whole window', async () => {
    expect(await prove(at('whole'), [at('whole')])).toMatchObject({ ...good, windows: { bySums: 2, bySamples: 0 } });
  });

  test.each<[string, readonly [string, ...string[]]]>([
    ['parts of one series', ['even', 'odd']],
    ['the same the other way round', ['odd', 'even']],
    ['parts that share much', ['even', 'no-first']],
    ['series apart', ['upper', 'lower']],
    ['a wrong value in the first', ['wrong', 'upper', 'lower']],
    ['a wrong value in the last', ['even', 'odd', 'wrong']],
  ])('together: %s', async (_, keepers) => {
    const [first, ...others] = keepers;
    expect(await prove(at('whole'), [at(first), ...others.map(at)])).toMatchObject(good);
  });

  test.each<[string, readonly [string, ...string[]], object]>([
    ['one sample that nobody holds', ['no-first'], { samples: 1, changed: 0, jobs: ['j0'] }],
    ['another value, and nobody with the right one', ['wrong', 'odd'], { samples: 1, changed: 1, jobs: ['j1'] }],
    ['half of a series', ['even'], { samples: 60, changed: 0, jobs: ['j0'] }],
  ])('not: %s', async (_, keepers, lost) => {
    const [first, ...others] = keepers;
    const proof = await prove(at('whole'), [at(first), ...others.map(at)]);
    expect(proof.undecided).toEqual([]);
    expect(proof.lost[0]).toMatchObject({ ...lost, fromMs: startMs, toMs: startMs + 2 * hourMs });
  });

  test('not: what cannot be read of it, or of the others', async () => {
    await cp(at('whole'), at('broken'), { recursive: true });
    const [block = ''] = (await run('ls', [at('broken')])).stdout.split('\n');
    await rm(at(`broken/${block}/chunks/000001`));
    for (const [one, other] of [
      ['broken', 'whole'],
      ['whole', 'broken'],
    ] as const) {
      expect((await prove(at(one), [at(other)])).undecided[0]).toContain('000001');
    }
  });

  test('not: by samples that a Prometheus drops when it starts there', async () => {
    const late: WalEntry[] = [{ samples: [[1, startMs, 1]] }];
    for (const [name, wbl] of [
      ['late', late],
      ['marked', [...late, { markers: [[1, 0, 0]] }]],
    ] as const) {
      writeWal(at(`${name}/wal/00000000`), [{ series: 1, labels: { __name__: 'late' } }]);
      writeWal(at(`${name}/wbl/00000000`), wbl);
    }
    expect(await prove(at('late'), [at('late')])).toMatchObject({ samples: 1, lost: [], undecided: [] });
    expect((await prove(at('late'), [at('marked')])).undecided[0]).toContain('drops');
    expect((await prove(at('marked'), [at('late')])).undecided[0]).toContain('drops');
  });
});

describe.skipIf(programs === undefined)('a Prometheus that went on (skipped where there is none)', () => {
  test('holds what a copy of it held, and the copy does not hold what it does', async () => {
    const fixture = await openFixture({ program: join(programs ?? '', 'prometheus'), scrapesItself: true });
    const copy = join(fixture.directory, 'copy');
    const samples = () => fixture.inventory().totals.samples;
    try {
      await fixture.start();
      await waitFor('samples', () => Promise.resolve(samples() > 2000));
      await fixture.stop();
      await cp(fixture.data, copy, { recursive: true });
      const then = samples();
      await fixture.start();
      await waitFor('more samples', () => Promise.resolve(samples() > then + 2000));
      const kept = await prove(copy, [fixture.data]);
      expect(kept).toMatchObject({ samples: then, lost: [], undecided: [] });
      await fixture.stop();
      const proof = await prove(fixture.data, [copy]);
      expect(proof.lost.reduce((sum, window) => sum + window.samples, 0)).toBe(proof.samples - then);
    } finally {
      await fixture.cleanUp();
    }
  });
});
