import { link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mainFile, openHoldfast } from '../harness/holdfast.ts';
import { dayMs, makeBlocks, type MadeBlocks } from '../harness/make-blocks.ts';
import { runCommand } from '../harness/run-command.ts';
import { atMost, median, type Figure } from './figure.ts';

const volumes = 10_000;

/** How long `rescue` takes for a share with so many volumes, each with one block and a WAL; Node's own start is in it. */
export async function measureRescue(say: (line: string) => void): Promise<readonly Figure[]> {
  const share = await mkdtemp(join(tmpdir(), 'holdfast-bench-share-'));
  const holdfast = await openHoldfast();
  try {
    const blocks = await makeBlocks({ endsBeforeNowMs: 2 * dayMs, spanMs: 2 * 3_600_000, everyMs: 60_000, series: 20 });
    say(`  making ${volumes} volumes`);
    for (let number = 0; number < volumes; number += 1) await makeVolume(share, blocks, number);
    const times: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const words = [mainFile(), 'rescue', share, '--json'];
      const { environment } = holdfast;
      const { exitCode, stdout, stderr, tookMs } = await runCommand(process.execPath, words, { environment });
      const found = (JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { volumes: unknown[] }).volumes.length;
      if (exitCode !== 0 || found !== volumes) throw new Error(`exit ${exitCode}, ${found} volumes\n${stderr}`);
      // The first round warms the page cache.
      if (round > 0) times.push(tookMs);
    }
    return [
      atMost(5_000, { name: `rescue, ${volumes} volumes, warm`, value: median(times), unit: 'ms', from: { times } }),
    ];
  } finally {
    await holdfast.cleanUp();
    await rm(share, { recursive: true, force: true });
  }
}

/** Its files are links to those of one real block; its name is its own, so that nothing is taken for a copy. */
async function makeVolume(share: string, { directory, blocks }: MadeBlocks, number: number): Promise<void> {
  const [ulid = ''] = blocks;
  const hex = number.toString(16).padStart(12, '0');
  // Decimal digits are digits of a ULID too.
  const own = `01${String(number).padStart(24, '0')}`;
  const data = join(share, `pvc-11111111-2222-3333-4444-${hex}`, 'prometheus-db');
  const from = join(directory, ulid);
  await mkdir(join(data, own, 'chunks'), { recursive: true });
  await mkdir(join(data, 'wal'));
  const meta = await readFile(join(from, 'meta.json'), 'utf8');
  await writeFile(join(data, own, 'meta.json'), meta.replaceAll(ulid, own));
  await link(join(from, 'index'), join(data, own, 'index'));
  for (const name of await readdir(join(from, 'chunks'))) {
    await link(join(from, 'chunks', name), join(data, own, 'chunks', name));
  }
  await writeFile(join(data, 'wal', '00000000'), '');
}
