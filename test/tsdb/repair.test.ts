/**
 * A current Prometheus with native histograms, XOR2 chunks, stale markers, out-of-order samples in its WBL and a WAL in
 * zstd is killed, and bytes are flipped in a block, in the WAL and in the WBL. What repair makes of it is opened by the same
 * Prometheus, which mends nothing more and holds what our reader counts.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { TsdbInventory } from '../../src/model/tsdb-inventory.ts';
import { quietFiles } from '../../src/tsdb/files/quiet-files.ts';
import { takeInventory } from '../../src/tsdb/inventory/take-inventory.ts';
import { surveyTsdb } from '../../src/tsdb/repair/survey.ts';
import { waitFor } from '../harness/wait-for.ts';
import { createRandom } from '../simulation/random.ts';
import { openFixture, pushRounds } from './prometheus.ts';
import { repairDirectory } from './repair-directory.ts';

const program = process.env['HOLDFAST_TEST_PROMETHEUS3'];
const missing = process.env['HOLDFAST_TEST_PROMETHEUS3_MISSING'];
const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const run = promisify(execFile);
const minuteMs = 60_000;

describe.skipIf(program === undefined)(
  `a current Prometheus${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    test('opens what was repaired, and holds all that was whole', async () => {
      const nowMs = Math.floor(Date.now() / minuteMs) * minuteMs;
      const fixture = await openFixture({
        program: program ?? '',
        flags: [
          '--web.enable-otlp-receiver',
          '--storage.tsdb.wal-compression-type=zstd',
          '--enable-feature=xor2-encoding,histograms-st-encoding,st-storage',
        ],
        config: { storage: { tsdb: { out_of_order_time_window: '10d' } }, otlp: {} },
      });
      try {
        await fixture.start();
        await pushRounds(fixture, { fromMs: nowMs - 720 * minuteMs, rounds: 540, everyMs: minuteMs });
        await waitFor('the head is cut into blocks', async () => (await blocksIn(fixture.data)).length >= 2);
        await pushRounds(fixture, { fromMs: nowMs - 180 * minuteMs, rounds: 180, everyMs: minuteMs });
        // Killed while it cuts a block of late samples, Prometheus drops those whose chunks it has not written yet.
        await waitForRest(fixture.data);
        await pushRounds(fixture, { fromMs: nowMs - 170 * minuteMs + 30_000, rounds: 150, everyMs: minuteMs });
        await fixture.stop('SIGKILL');
        const whole = fixture.inventory();
        expect(whole.totals.outOfOrderSamples).toBeGreaterThan(100);
        expect(whole.totals.staleMarkers).toBeGreaterThan(20);
        const pristine = join(fixture.directory, 'pristine');
        await cp(fixture.data, pristine, { recursive: true });
        expect(surveyTsdb(pristine, () => undefined)).toMatchObject({
          blocks: [],
          segments: [],
          holes: [],
          headChunks: [],
        });
        const [block = ''] = await blocksIn(fixture.data);
        await flip(join(fixture.data, block, 'chunks', '000001'), 60);
        for (const log of ['wal', 'wbl']) await flip(await largestSegment(join(fixture.data, log)), 5000);
        const torn = inventoryOf(fixture.data);
        const proof = await repairDirectory(fixture.data);
        expect(proof?.lost.samples).toBe(0);
        expect(proof?.blocks).toMatchObject([{ ulid: block }]);
        expect(proof?.segments.map(({ path }) => path.slice(0, 4))).toEqual(['wal/', 'wbl/']);
        const repaired = inventoryOf(fixture.data);
        expect(repaired.totals.samples).toBeGreaterThan(torn.totals.samples);
        expect(repaired.totals.samples).toBe(proof?.kept.samples);
        expect(surveyTsdb(fixture.data, () => undefined)).toMatchObject({
          blocks: [],
          segments: [],
          holes: [],
        });
        await fixture.start();
        const log = await readFile(join(fixture.directory, 'prometheus.log'), 'utf8');
        expect(log).not.toMatch(/level=ERROR|attempting repair/);
        expect(fixture.inventory().windows).toEqual(repaired.windows);
        const words = new URLSearchParams({
          query: 'sum(count_over_time({__name__=~"fixture.*"}[13h]))',
          time: String(nowMs / 1000),
        });
        const { body } = await fixture.ask(`/api/v1/query?${words.toString()}`);
        expect(Number(/"(\d+)"\]/.exec(body)?.[1])).toBe(repaired.totals.samples);
      } finally {
        await fixture.cleanUp();
      }
    });
  },
);

describe.skipIf(programs === undefined)(
  'whatever bytes of a block are changed (skipped where there is no promtool)',
  () => {
    test('what is kept of it is whole, and is nothing that was not there', async () => {
      const directory = await mkdtemp(join(tmpdir(), 'holdfast-mutants-'));
      try {
        const pristine = join(directory, 'pristine');
        await makeBlock(pristine);
        const all = inventoryOf(pristine);
        const [name = ''] = await blocksIn(pristine);
        const random = createRandom(11);
        const mutants = process.env['HOLDFAST_TEST_LONG'] === '1' ? 2000 : 150;
        let found = 0;
        for (let mutant = 0; mutant < mutants; mutant += 1) {
          const data = join(directory, `mutant-${mutant}`);
          await cp(pristine, data, { recursive: true });
          const file = ['index', 'chunks/000001', 'tombstones', 'meta.json'][random.below(4)] ?? 'index';
          const bytes = await readFile(join(data, name, file));
          await writeFile(join(data, name, file), mutate(bytes, random));
          const { blocks } = surveyTsdb(data, () => undefined);
          if (blocks.length > 0) {
            found += 1;
            const proof = await repairDirectory(data);
            expect(proof?.lost.samples).toBe(0);
            const kept = inventoryOf(data);
            expect(kept.findings).toEqual([]);
            expect(kept.totals.samples).toBe(blocks[0]?.keep?.samples ?? 0);
            expect(kept.totals.samples).toBeLessThanOrEqual(all.totals.samples);
            if (kept.totals.samples === all.totals.samples) expect(kept.windows).toEqual(all.windows);
            expect(surveyTsdb(data, () => undefined).blocks).toEqual([]);
          }
          await rm(data, { recursive: true });
          await rm(`${data}-quarantine`, { recursive: true, force: true });
        }
        expect(found).toBeGreaterThan(mutants / 2);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    });
  },
);

async function makeBlock(into: string): Promise<void> {
  await mkdir(into, { recursive: true });
  const startS = Math.floor(Date.now() / 7_200_000) * 7200 - 48 * 3600;
  const lines = ['# TYPE fixture_value gauge'];
  for (let series = 0; series < 20; series += 1) {
    for (let atS = startS; atS < startS + 7200; atS += 30)
      lines.push(`fixture_value{series="${series}"} ${series * atS} ${atS}`);
  }
  await writeFile(`${into}.om`, `${lines.join('\n')}\n# EOF\n`);
  await run(join(programs ?? '', 'promtool'), ['tsdb', 'create-blocks-from', '-q', 'openmetrics', `${into}.om`, into]);
}

/** One bit flipped, or the end cut off, or zeros as a crash on NFS leaves them. */
function mutate(bytes: Buffer, random: ReturnType<typeof createRandom>): Buffer {
  const at = random.below(bytes.length);
  const kind = random.below(6);
  if (kind === 0) return bytes.subarray(0, at);
  if (kind === 1) return bytes.fill(0, at, Math.min(bytes.length, at + 512));
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  return bytes;
}

function inventoryOf(data: string): TsdbInventory {
  return takeInventory({ files: quietFiles(data), settledMs: null, onRead: () => undefined });
}

/** No block has been begun or finished for two seconds. */
async function waitForRest(data: string): Promise<void> {
  let before = '';
  let since = performance.now();
  await waitFor('no block is being cut', async () => {
    const names = (await readdir(data)).filter((name) => name.length >= 26).sort();
    if (names.join() !== before) [before, since] = [names.join(), performance.now()];
    return names.every((name) => name.length === 26) && performance.now() - since > 2000;
  });
}

async function blocksIn(data: string): Promise<readonly string[]> {
  return (await readdir(data)).filter((name) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(name)).sort();
}

async function largestSegment(directory: string): Promise<string> {
  const names = (await readdir(directory)).filter((name) => /^\d{8}$/.test(name));
  const sized = await Promise.all(
    names.map(async (name) => ({ name, size: (await readFile(join(directory, name))).length })),
  );
  return join(directory, sized.sort((one, other) => other.size - one.size)[0]?.name ?? '');
}

async function flip(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[offset] = (bytes[offset] ?? 0) ^ 0x55;
  await writeFile(path, bytes);
}
