/**
 * wal/ of a Prometheus with a checkpoint and segments behind it, and everything that can be wrong with their names: a
 * missing first segment, no checkpoint, one that is a file or empty, numbers that do not fit together, a FIFO, a directory or
 * a link in the place of a segment. Of each it is known whether Prometheus 2.42 and a current one start on it; check says
 * what it is; repair puts in order what can be; and then both start, and answer what our reader counts.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { holdFiles } from '../../src/tsdb/files/held-files.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { surveyTsdb } from '../../src/tsdb/repair/survey.ts';
import { waitFor } from '../harness/wait-for.ts';
import { checkDirectory } from './check-directory.ts';
import { openFixture } from './prometheus.ts';
import { planFor, repairDirectory } from './repair-directory.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const current = process.env['HOLDFAST_TEST_PROMETHEUS3'];
const run = promisify(execFile);

interface Case {
  readonly name: string;
  readonly apply: (wal: string) => Promise<unknown>;
  /** Undefined where a start waits for ever. */
  readonly starts: boolean | undefined;
  /** What check says, with its severity; none where nothing is wrong. */
  readonly rules: readonly string[];
  /** What repair does beside counting and proving. */
  readonly steps: readonly string[];
}

const checkpoint = 'checkpoint.00000001';
const two = join(checkpoint, '00000001');
const missing = 'error missing-segment';
const stray = 'error stray-segment';
const leftover = 'info leftover';
const hollow = 'error hollow-checkpoint';
const cases: readonly Case[] = [
  { name: 'nothing is wrong', apply: async () => undefined, starts: true, rules: [], steps: [] },
  {
    name: 'the first segment behind the checkpoint is missing',
    apply: async (wal) => rm(join(wal, '00000002')),
    starts: false,
    rules: [missing],
    steps: ['fill-hole'],
  },
  {
    name: 'a segment between others is missing',
    apply: async (wal) => rm(join(wal, '00000003')),
    starts: false,
    rules: [missing],
    steps: ['fill-hole'],
  },
  {
    name: 'no segment is left behind the checkpoint',
    apply: async (wal) => Promise.all(['2', '3', '4', '5'].map(async (name) => rm(join(wal, `0000000${name}`)))),
    starts: true,
    rules: ['error outnumbered-segments'],
    steps: ['fill-hole'],
  },
  {
    name: 'the checkpoint has a number above all segments',
    apply: async (wal) => rename(join(wal, checkpoint), join(wal, 'checkpoint.00000009')),
    starts: true,
    rules: ['error outnumbered-segments'],
    steps: ['rename-segment', 'rename-segment', 'rename-segment', 'rename-segment'],
  },
  {
    name: 'the checkpoint has a number too low',
    apply: async (wal) => rename(join(wal, checkpoint), join(wal, 'checkpoint.00000000')),
    starts: false,
    rules: [missing],
    steps: ['fill-hole'],
  },
  {
    name: 'the checkpoint is missing',
    apply: async (wal) => rm(join(wal, checkpoint), { recursive: true }),
    starts: false,
    rules: [missing],
    steps: ['make-checkpoint'],
  },
  {
    name: 'the checkpoint is an empty directory',
    apply: async (wal) => {
      await rm(join(wal, checkpoint), { recursive: true });
      await mkdir(join(wal, checkpoint));
    },
    starts: true,
    rules: [hollow],
    steps: [],
  },
  {
    name: 'the checkpoint is a file',
    apply: async (wal) => {
      await rm(join(wal, checkpoint), { recursive: true });
      await writeFile(join(wal, checkpoint), 'x');
    },
    starts: false,
    rules: [stray, missing],
    steps: ['move-aside', 'make-checkpoint'],
  },
  {
    name: 'something else is called a checkpoint',
    apply: async (wal) => writeFile(join(wal, 'checkpoint.old'), 'x'),
    starts: false,
    rules: ['info unknown-file', stray],
    steps: ['move-aside'],
  },
  {
    name: 'the checkpoint begins with its second segment',
    apply: async (wal) => rm(join(wal, checkpoint, '00000000')),
    starts: true,
    rules: [hollow],
    steps: [],
  },
  {
    name: 'the checkpoint has a hole',
    apply: async (wal) => rename(join(wal, two), join(wal, checkpoint, '00000003')),
    starts: false,
    rules: [missing],
    steps: ['fill-hole', 'fill-hole'],
  },
  {
    name: 'a segment that the checkpoint covers is left, as after a crash, in a row with the others',
    apply: async (wal) => writeFile(join(wal, '00000001'), ''),
    starts: true,
    rules: [],
    steps: [],
  },
  {
    name: 'a segment that the checkpoint covers is left, and one behind it is not',
    apply: async (wal) => writeFile(join(wal, '00000000'), ''),
    starts: false,
    rules: [missing],
    steps: ['move-aside'],
  },
  {
    name: 'a segment has a number without its zeros',
    apply: async (wal) => rename(join(wal, '00000005'), join(wal, '5')),
    starts: false,
    rules: ['info unknown-file', stray],
    steps: ['move-aside'],
  },
  {
    name: 'a directory in the place of a segment',
    apply: async (wal) => {
      await rm(join(wal, '00000003'));
      await mkdir(join(wal, '00000003'));
    },
    // It takes the directory for damage, and deletes the segments behind it.
    starts: true,
    rules: [stray],
    steps: ['move-aside', 'fill-hole'],
  },
  {
    name: 'a FIFO in the place of a segment',
    apply: async (wal) => {
      await rm(join(wal, '00000003'));
      await run('mkfifo', [join(wal, '00000003')]);
    },
    starts: undefined,
    rules: ['info unknown-file', stray],
    steps: ['move-aside', 'fill-hole'],
  },
  {
    name: 'a FIFO in the place of the last segment',
    apply: async (wal) => {
      await rm(join(wal, '00000005'));
      await run('mkfifo', [join(wal, '00000005')]);
    },
    starts: undefined,
    rules: ['info unknown-file', stray],
    steps: ['move-aside'],
  },
  {
    name: 'a FIFO in the checkpoint',
    apply: async (wal) => {
      await rm(join(wal, two));
      await run('mkfifo', [join(wal, two)]);
    },
    starts: undefined,
    rules: ['info unknown-file', stray],
    steps: ['move-aside'],
  },
  {
    name: 'a file in the place of wal/',
    apply: async (wal) => {
      await rm(wal, { recursive: true });
      await writeFile(wal, 'x');
    },
    starts: false,
    rules: [stray],
    steps: ['move-aside'],
  },
];

describe.skipIf(programs === undefined)('names in wal/ (skipped where there is no Prometheus)', () => {
  let directory = '';
  let whole = '';
  let copies = 0;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-names-'));
    whole = join(directory, 'whole');
    await makeWhole(whole);
  });
  afterAll(async () => rm(directory, { recursive: true, force: true }));

  const copyWhole = async (): Promise<string> => {
    copies += 1;
    const data = join(directory, `copy-${copies}`, 'data');
    await cp(whole, data, { recursive: true });
    return data;
  };

  test.each(cases)('$name', async ({ apply, starts, rules, steps }) => {
    const data = await copyWhole();
    await apply(join(data, 'wal'));
    if (starts !== undefined) {
      for (const program of everyPrometheus()) expect(await doesStart(program, data)).toBe(starts);
    }
    const before = inventoryOf(data);
    expect(heldInventoryOf(data).windows).toEqual(before.windows);
    const said = checkDirectory(data).findings.map(({ severity, rule }) => `${severity} ${rule}`);
    expect(said.filter((words) => words !== leftover)).toEqual(rules);
    const plan = planFor(data);
    expect(plan.steps.map(({ kind }) => kind).filter((kind) => !always.has(kind))).toEqual(steps);
    if (steps.length === 0) return;
    const proof = await repairDirectory(data);
    expect(proof?.lost.samples).toBe(0);
    const after = inventoryOf(data);
    expect(after.totals.samples).toBe(proof?.kept.samples);
    expect(after.totals.samples).toBe(before.totals.samples + (proof?.regained ?? 0));
    expect(planFor(data).steps).toEqual([]);
    expect(checkDirectory(data).errors).toBe(0);
    expect(await dumpCount(data)).toBe(after.totals.samples + after.totals.staleMarkers);
    for (const program of everyPrometheus()) await survivesStarts(program, data);
  });

  test('a gap that no segment can fill, and links, are for their owner to decide, and nothing is changed', async () => {
    const hands: readonly ((wal: string) => Promise<unknown>)[] = [
      async (wal) => rename(join(wal, '00000005'), join(wal, '09999999')),
      async (wal) =>
        rename(join(wal, checkpoint), join(wal, 'checkpoint.99999999')).then(() =>
          writeFile(join(wal, '120000000'), ''),
        ),
      async (wal) => {
        await rename(join(wal, '00000003'), join(wal, '..', 'elsewhere'));
        await symlink('../elsewhere', join(wal, '00000003'));
      },
      async (wal) => {
        await rename(join(wal, checkpoint), join(wal, '..', 'elsewhere'));
        await symlink('../elsewhere', join(wal, checkpoint));
      },
    ];
    for (const apply of hands) {
      const data = await copyWhole();
      await apply(join(data, 'wal'));
      const { blockers } = surveyTsdb(data, () => undefined);
      expect(blockers).toHaveLength(1);
      const plan = planFor(data);
      expect(plan.steps).toEqual([]);
      expect(plan.findings.map(({ rule }) => rule)).toContain('in-the-way');
      // What can be read is counted, and nothing ends in an error of ours.
      expect(inventoryOf(data).totals.samples).toBeGreaterThanOrEqual(0);
    }
  });
});

const always: ReadonlySet<string> = new Set(['write-manifest', 'count-before', 'prove-repair']);

function everyPrometheus(): readonly string[] {
  return [join(programs ?? '', 'prometheus'), ...(current === undefined ? [] : [current])];
}

/** Six segments, of which the first two are those of a checkpoint: it is made of segments as well. */
async function makeWhole(into: string): Promise<void> {
  const fixture = await openFixture({ program: join(programs ?? '', 'prometheus'), scrapesItself: true });
  try {
    for (let segment = 1; segment <= 6; segment += 1) {
      await fixture.start();
      await waitFor('samples come in', async () => fixture.inventory().totals.samples > segment * 2000);
      await fixture.stop('SIGKILL');
    }
    await cp(fixture.data, into, { recursive: true });
  } finally {
    await fixture.cleanUp();
  }
  const wal = join(into, 'wal');
  await mkdir(join(wal, checkpoint));
  await rename(join(wal, '00000000'), join(wal, checkpoint, '00000000'));
  await rename(join(wal, '00000001'), join(wal, two));
  expect((await readdir(wal)).sort()).toEqual(['00000002', '00000003', '00000004', '00000005', checkpoint]);
}

async function openAt(program: string, data: string) {
  const fixture = await openFixture({ program });
  await rm(fixture.data, { recursive: true });
  await cp(data, fixture.data, { recursive: true });
  return fixture;
}

async function doesStart(program: string, data: string): Promise<boolean> {
  const fixture = await openAt(program, data);
  try {
    return await fixture.startOrEnd();
  } finally {
    await fixture.cleanUp();
  }
}

/** On a copy: it starts twice, and nothing that we count is gone afterwards. */
async function survivesStarts(program: string, data: string): Promise<void> {
  const { windows } = inventoryOf(data);
  const fixture = await openAt(program, data);
  try {
    for (let start = 0; start < 2; start += 1) {
      await fixture.start();
      await fixture.stop('SIGKILL');
      expect(inventoryOf(fixture.data).windows).toEqual(windows);
    }
  } finally {
    await fixture.cleanUp();
  }
}

/** What promtool dumps of a copy, in lines of a sample each. */
async function dumpCount(data: string): Promise<number> {
  const copy = `${data}-dump`;
  await cp(data, copy, { recursive: true });
  await mkdir(join(copy, 'wal'), { recursive: true });
  const { stdout } = await run(join(programs ?? '', 'promtool'), ['tsdb', 'dump', copy], { maxBuffer: 2 ** 28 });
  await rm(copy, { recursive: true });
  return stdout.split('\n').filter((line) => line.startsWith('{')).length;
}

function inventoryOf(data: string) {
  return takeInventory({ files: quietFiles(data), settledMs: null, onRead: () => undefined });
}

function heldInventoryOf(data: string) {
  const files = holdFiles(data);
  try {
    return takeInventory({ files, settledMs: null, onRead: () => undefined });
  } finally {
    files.close();
  }
}
