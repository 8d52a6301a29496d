/**
 * Numbers of 64 bits that a double does not hold: counts of native histograms, and start times of which a target says
 * nanoseconds. A Prometheus takes them, answers them and replays them, so they are no damage: an inventory counts what it
 * answers, check and repair have nothing against them, and blocks that are made of the head hold every count as it is.
 */
import { randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { newUlid } from '../../src/tsdb/write/new-ulid.ts';
import { writeHeadBlocks } from '../../src/tsdb/write/write-head-blocks.ts';
import { waitFor } from '../harness/wait-for.ts';
import { writeWal } from '../harness/write-head.ts';
import { checkDirectory } from './check-directory.ts';
import { openFixture, type Fixture } from './prometheus.ts';
import { planFor } from './repair-directory.ts';
import { remoteWrite } from './remote-write.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const program3 = process.env['HOLDFAST_TEST_PROMETHEUS3'];
const secondMs = 1000;
const baseMs = Math.floor(Date.now() / secondMs - 1000) * secondMs;
const startTimes = '--enable-feature=st-storage,xor2-encoding,histograms-st-encoding';

interface Answer {
  readonly metric: Readonly<Record<string, string>>;
  readonly values?: readonly (readonly [number, string])[];
  readonly histograms?: readonly (readonly [number, unknown])[];
}

async function answers(fixture: Fixture): Promise<readonly Answer[]> {
  const query = new URLSearchParams({ query: '{__name__=~".+"}[1h]', time: String(Date.now() / 1000) });
  const { body } = await fixture.ask(`/api/v1/query?${query.toString()}`);
  const { data } = JSON.parse(body) as { readonly data: { readonly result: Answer[] } };
  const nameOf = ({ metric }: Answer) => JSON.stringify(metric);
  return data.result.sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
}

const pointsIn = (all: readonly Answer[]) =>
  all.reduce((sum, { values = [], histograms = [] }) => sum + values.length + histograms.length, 0);

const count = (directory: string) =>
  takeInventory({ files: quietFiles(directory), settledMs: null, onRead: () => undefined });

const isSound = (fixture: Fixture) => {
  expect(checkDirectory(fixture.data).findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(planFor(fixture.data).steps).toEqual([]);
};

async function convert(fixture: Fixture) {
  const into = join(fixture.directory, 'blocks');
  await mkdir(into);
  const order = { files: quietFiles(fixture.data), coveredToMs: null, into, onRead: () => undefined };
  return { into, ...writeHeadBlocks({ ...order, newUlid: (atMs) => newUlid(atMs, randomBytes(10)) }) };
}

/** Of counters, so that chunks go on, and of one that is reset. */
const counts = (at: number): Readonly<Record<string, readonly bigint[]>> => ({
  edge: [2n ** 52n + BigInt(4 * at)],
  steps: [2n ** 53n - 3n + BigInt(at), 1n, 2n ** 53n + BigInt(at)],
  huge: [2n ** 61n + BigInt(at), 7n, 2n ** 62n - 1n + BigInt(at)],
  comes: at < 50 ? [5n] : [2n ** 60n + 1n],
  falls: at < 50 ? [2n ** 60n + 1n] : [5n],
});

const rounds = 100;
const writeRound = (fixture: Fixture, at: number) => {
  const timeMs = baseMs + at * secondMs;
  return remoteWrite(fixture, [
    { labels: { __name__: 'plain' }, samples: [{ timeMs, value: at }] },
    ...Object.entries(counts(at)).map(([__name__, own]) => ({
      labels: { __name__ },
      histograms: [{ timeMs, schema: 0, sum: 1, positive: [0, own] as const, negative: [2, own] as const }],
    })),
  ]);
};

describe.each([
  [
    '2',
    programs === undefined ? undefined : join(programs, 'prometheus'),
    ['--enable-feature=remote-write-receiver,native-histograms'],
  ],
  ['3', program3, ['--web.enable-remote-write-receiver']],
  ['3 with start times', program3, ['--web.enable-remote-write-receiver', startTimes]],
])('counts of histograms in a Prometheus %s (skipped where there is none)', (_, program = '', flags = []) => {
  describe.skipIf(program === '')('beyond 2^53', () => {
    let fixture: Fixture;
    beforeEach(async () => {
      fixture = await openFixture({ program, flags });
    });
    afterEach(async () => fixture.cleanUp());

    test('are counted, sound, and in the blocks that are made of the head', async () => {
      await fixture.start();
      for (let at = 0; at < rounds; at += 1) await writeRound(fixture, at);
      const before = await answers(fixture);
      const samples = rounds * (1 + Object.keys(counts(0)).length);
      expect(pointsIn(before)).toBe(samples);
      const live = fixture.inventory();
      expect(live).toMatchObject({ totals: { samples }, findings: [] });
      await fixture.stop();
      expect(fixture.inventory().windows).toEqual(live.windows);
      isSound(fixture);
      const { into, findings } = await convert(fixture);
      expect(findings).toEqual([]);
      expect(count(into).windows).toEqual(live.windows);
      const other = await openFixture({ program, flags });
      try {
        await cp(into, other.data, { recursive: true });
        await other.start();
        expect(await answers(other)).toEqual(before);
      } finally {
        await other.cleanUp();
      }
      await fixture.start();
      expect(await answers(fixture)).toEqual(before);
      // As chunks of a block that Prometheus itself has made.
      const { status, body } = await fixture.ask('/api/v1/admin/tsdb/snapshot', { method: 'POST' });
      expect(status).toBe(200);
      const { data } = JSON.parse(body) as { readonly data: { readonly name: string } };
      const snapshot = count(join(fixture.data, 'snapshots', data.name));
      expect(snapshot.windows).toEqual(live.windows);
    });
  });
});

describe.skipIf(program3 === undefined)('a target that says when its counters began in nanoseconds', () => {
  test('hides no sample of a scrape', async () => {
    let scrapes = 0;
    const server = createServer((_, response) => {
      scrapes += 1;
      // In seconds, as it should be; and what no longer fits into the 53 bits of a double, or the 64 of an integer.
      const created = ['1.795930000e9', '1.795934000e15', '1.795934000e18'][scrapes % 3] ?? '';
      response.setHeader('content-type', 'application/openmetrics-text; version=1.0.0; charset=utf-8');
      response.end(
        `# TYPE before gauge\nbefore ${scrapes}\n# TYPE foo counter\nfoo_total ${scrapes}\nfoo_created ${created}\n# TYPE after gauge\nafter ${scrapes}\n# EOF\n`,
      );
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const job = {
      job_name: 'own',
      scrape_interval: '500ms',
      scrape_timeout: '500ms',
      scrape_protocols: ['OpenMetricsText1.0.0'],
      static_configs: [{ targets: [`127.0.0.1:${port}`] }],
    };
    const fixture = await openFixture({
      program: program3 ?? '',
      flags: [startTimes],
      config: { scrape_configs: [job] },
    });
    try {
      await fixture.start();
      await waitFor('there were some scrapes', async () => scrapes >= 8);
      await fixture.stop();
      await new Promise((resolve) => void server.close(resolve));
      isSound(fixture);
      const counted = fixture.inventory();
      expect(counted.findings).toEqual([]);
      const { into, findings } = await convert(fixture);
      expect(findings.map(({ rule, severity }) => `${severity} ${rule}`)).toEqual(['warning start-times-lost']);
      expect(count(into).windows).toEqual(counted.windows);
      const quiet = await openFixture({ program: program3 ?? '', flags: [startTimes] });
      try {
        await cp(fixture.data, quiet.data, { recursive: true });
        await quiet.start();
        expect(pointsIn(await answers(quiet))).toBe(counted.totals.samples);
      } finally {
        await quiet.cleanUp();
      }
    } finally {
      await fixture.cleanUp();
      server.close();
    }
  });
});

test('a time beyond all that is held is said, and repair leaves it alone', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-large-'));
  try {
    // One sample of the series 1 at 2^60.
    const record = Buffer.from(`02000000000000000110000000000000000000${'00'.repeat(8)}`, 'hex');
    writeWal(join(directory, 'wal', '00000000'), [
      { series: 1, labels: { __name__: 'told' } },
      { record },
      { samples: [[1, baseMs, 1]] },
    ]);
    expect(count(directory)).toMatchObject({
      totals: { samples: 1 },
      findings: [{ rule: 'out-of-range', severity: 'error', file: 'wal' }],
    });
    expect(checkDirectory(directory).findings).toEqual([]);
    expect(planFor(directory).steps).toEqual([]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
