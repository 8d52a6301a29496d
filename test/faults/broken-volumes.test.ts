import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openAsker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { findProcessesNaming } from '../harness/find-processes.ts';
import { holdPort } from '../harness/free-ports.ts';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { copyBlocks, listBlocksOf, makeBlocks, type MadeBlocks } from '../harness/make-blocks.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';
import { waitFor } from '../harness/wait-for.ts';
import { expectError } from './expect-error.ts';

/*
 * One stack with blocks of six hours, stopped, to which the worst happens while nobody looks: a port is taken; volumes
 * go, are emptied, exchanged, replaced by links or files, or forbid reading; a block lies in the future, another has a
 * broken index; Pushgateway's file is cut; secrets are gone. `up` and `rebuild` refuse and start nothing, say what it is
 * and what to do, and once that has been done every sample is still there.
 */
describeStack('a stopped stack whose files are broken', () => {
  let holdfast: Holdfast;
  let blocks: MadeBlocks;
  const startingVerbs = [['up'], ['rebuild', '--confirm', 'monitoring']];

  beforeAll(async () => {
    const hourMs = 3_600_000;
    blocks = await makeBlocks({ endsBeforeNowMs: 3 * hourMs, spanMs: 6 * hourMs, everyMs: 60_000, series: 5 });
    holdfast = await openHoldfast();
    await holdfast.succeed(['up']);
    const asker = await openAsker(holdfast);
    await asker.push('faults', 'pushed_before_faults', 7);
    await holdfast.succeed(['down']);
    await copyBlocks(blocks.directory, database());
    await expectNothingLost();
  });
  afterAll(async () => holdfast.cleanUp());

  const volume = (component: string) => holdfast.path('volumes', component);
  const database = () => holdfast.path('volumes', 'prometheus', 'prometheus-db');

  /** Starts it, asks for what it had in the beginning, and stops it again. */
  async function expectNothingLost(): Promise<void> {
    await holdfast.succeed(['up']);
    const asker = await openAsker(holdfast);
    for (const atMs of [blocks.oldestMs, blocks.newestMs]) {
      expect(Object.keys(await asker.query('fixture_value', atMs))).toHaveLength(5);
    }
    expect(await asker.get('pushgateway', '/metrics')).toContain('pushed_before_faults{instance="",job="faults"} 7');
    await holdfast.succeed(['down']);
  }

  /** Every file but what a daemon may say of itself. */
  const everything = async () => snapshotTree(holdfast.dataRoot, { except: (path) => path === 'logs' });

  /** Both verbs that start something refuse, and nothing of the data root changes or runs. */
  async function expectRefusals(...expected: Parameters<typeof expectError> extends [unknown, ...infer R] ? R : never) {
    const before = await everything();
    for (const verb of startingVerbs) {
      expect(expectError(await holdfast.run(verb), ...expected).message).toMatch(/Nothing was (started|stopped)/);
    }
    expect(await everything()).toEqual(before);
    expect(await findProcessesNaming(holdfast.dataRoot)).toEqual([]);
  }

  test('a port that is taken: the message says by whom', async () => {
    const held = await holdPort(holdfast.ports.alertmanager);
    await expectRefusals('port-taken', held.port, 'alertmanager', `pid ${process.pid}`, 'node');
    await held.release();
    await expectNothingLost();
  });

  const breaks: readonly (readonly [string, string, (path: string) => Promise<unknown>])[] = [
    ['missing', 'does not exist', async () => undefined],
    ['empty', 'is empty', async (path) => mkdir(path)],
    ['a file', 'not a directory', async (path) => writeFile(path, 'x')],
    ['a symlink, even to itself', 'not a directory', async (path) => symlink(`${path}.away`, path)],
    ['without its identity', 'no .holdfast.json', async (path) => makeForeign(path, undefined)],
    ['with a torn identity', '.holdfast.json', async (path) => makeForeign(path, () => '{"format":1,"stackI')],
    [
      'of another stack',
      'of stack another',
      async (path) => makeForeign(path, (own) => ({ ...own, stack: 'another', stackId: 'x' })),
    ],
    [
      'of another id',
      'is volume other-id',
      async (path) => makeForeign(path, (own) => ({ ...own, volumeId: 'other-id' })),
    ],
  ];

  /** A copy of the volume with another identity, or none. */
  async function makeForeign(path: string, change: ((own: object) => object | string) | undefined): Promise<void> {
    await cp(`${path}.away`, path, { recursive: true });
    const identity = join(path, '.holdfast.json');
    const own = JSON.parse(await readFile(identity, 'utf8')) as object;
    await rm(identity);
    const changed = change?.(own);
    if (changed !== undefined)
      await writeFile(identity, typeof changed === 'string' ? changed : JSON.stringify(changed));
  }

  test.each(breaks)('a volume that is %s', async (_what, says, breakIt) => {
    for (const component of ['prometheus', 'pushgateway'] as const) {
      const path = volume(component);
      await rename(path, `${path}.away`);
      try {
        await breakIt(path);
        const { volumes } = await holdfast.stackFile();
        const id = volumes.find((listed) => listed.component === component)?.id ?? '';
        await expectRefusals('volume-refused', component, id, path, says);
        const { remedy } = expectError(await holdfast.run(['up']), 'volume-refused');
        expect(expectError(await holdfast.run(['status']), 'not-ok', component, path).remedy).toBe(remedy);
      } finally {
        await rm(path, { recursive: true, force: true });
        await rename(`${path}.away`, path);
      }
    }
    expect((await holdfast.status()).ok).toBe(true);
  });

  test('a volume that has only its identity left', async () => {
    const away = join(holdfast.directory, 'prometheus-db');
    await rename(database(), away);
    await expectRefusals('volume-refused', volume('prometheus'), 'it holds no prometheus-db');
    expectError(await holdfast.run(['status']), 'not-ok', volume('prometheus'));
    await rename(away, database());
  });

  const isRoot = process.getuid?.() === 0;
  test.skipIf(isRoot)(
    `a volume that may not be read${isRoot ? ' (skipped: root may read everything)' : ''}`,
    async () => {
      await chmod(volume('prometheus'), 0o000);
      await expectRefusals('volume-refused', 'prometheus', volume('prometheus'));
      await chmod(volume('prometheus'), 0o700);
    },
  );

  test('after all that, nothing is lost', async () => expectNothingLost());

  test('a block in the future', async () => {
    const source = (await listBlocksOf(database()))[0]?.ulid ?? '';
    const ulid = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
    await cp(join(database(), source), join(database(), ulid), { recursive: true });
    const metaFile = join(database(), ulid, 'meta.json');
    const meta = JSON.parse(await readFile(metaFile, 'utf8')) as { minTime: number; maxTime: number };
    const ahead = 30 * 86_400_000;
    await writeFile(
      metaFile,
      JSON.stringify({ ...meta, ulid, minTime: meta.minTime + ahead, maxTime: meta.maxTime + ahead }),
    );
    await expectRefusals('block-in-the-future', ulid, new Date(meta.maxTime + ahead).toISOString());
    const error = expectError(await holdfast.run(['up']), 'block-in-the-future');
    expect(error.remedy).toContain(`mv '${join(database(), ulid)}'`);
    await rename(join(database(), ulid), join(holdfast.directory, ulid));
    await expectNothingLost();
  });

  test('a block with a broken index: up and status say so with the log, and their remedy is right', async () => {
    const ulid = (await listBlocksOf(database()))[0]?.ulid ?? '';
    const index = join(database(), ulid, 'index');
    const whole = await readFile(index);
    await truncate(index, 40);
    const before = await hashBlock(ulid);
    const outcome = await holdfast.run(['up']);
    const error = expectError(outcome, 'not-ready', 'prometheus', ulid, 'Its last log lines', 'broken');
    const remedy = `holdfast --data '${holdfast.dataRoot}' repair --plan`;
    expect(error.remedy).toContain(remedy);
    const status = await holdfast.run(['status']);
    expect(expectError(status, 'not-ok', ulid, 'Its last log lines').remedy).toContain(remedy);
    expect((await holdfast.say(['status'])).stdout).toContain(remedy);
    expect(await hashBlock(ulid)).toEqual(before);

    // The remedy, word by word; later the block is put back whole from the quarantine.
    expect((await holdfast.say(['repair', '--plan'])).stdout).toContain(ulid);
    await holdfast.succeed(['down']);
    const { run } = (await holdfast.succeed(['repair', '--confirm', 'monitoring'])).json;
    await holdfast.succeed(['up']);
    await holdfast.succeed(['down']);
    const aside = join(volume('prometheus'), 'prometheus-db-quarantine', run ?? '', ulid);
    await writeFile(join(aside, 'index'), whole);
    await rename(aside, join(database(), ulid));
    await expectNothingLost();
  });

  const hashBlock = async (ulid: string) => snapshotTree(join(database(), ulid));

  test('a Pushgateway file that cannot be read is never overwritten', async () => {
    const file = join(volume('pushgateway'), 'pushgateway.data');
    const whole = await readFile(file);
    const hash = async () =>
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex');
    for (const broken of [
      whole.subarray(0, whole.length - 20),
      Buffer.alloc(0),
      Buffer.from('no gob at all, but words'),
    ]) {
      await writeFile(file, broken);
      const before = await hash();
      const outcome = await holdfast.run(['up']);
      const error = expectError(outcome, 'pushgateway-file-unreadable', file);
      expect(error.remedy).toContain('set-aside/pushgateway');
      expect(expectError(await holdfast.run(['status']), 'not-ok', file).message).toContain('pushgateway');
      // The rest goes on without it, and its daemon does not try again and again.
      await waitFor('Prometheus runs', async () => (await holdfast.component('prometheus')).state === 'running');
      await holdfast.succeed(['down']);
      expect(await hash()).toBe(before);
    }
    await writeFile(file, whole);
    expect((await readdir(holdfast.path('set-aside', 'pushgateway'))).length).toBeLessThanOrEqual(3);
    await expectNothingLost();
  });
});
