/**
 * Before a stitched history gets its place, a real Prometheus opens it. One that ends, that loads fewer blocks, that answers
 * something else, or that writes where it should not: the history gets no place, the sources are as they were, and with a
 * sound Prometheus the same command finishes. Where there is none, that is said. A command that is killed while Prometheus
 * runs leaves it behind only until the same command is given again.
 */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { StitchProof } from '../../src/model/stitch-step.ts';
import type { Finding } from '../../src/model/finding.ts';
import { findProcessesNaming } from '../harness/find-processes.ts';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';
import { waitFor } from '../harness/wait-for.ts';
import { makeOrphan } from './stitch-volumes.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const prometheus = join(programs ?? '', 'prometheus');

let directory = '';
let holdfast: Holdfast;
let [first, second, other] = ['', '', ''];

beforeAll(async () => {
  if (programs === undefined) return;
  directory = await mkdtemp(join(tmpdir(), 'holdfast-stitch-open-'));
  holdfast = await openHoldfast();
  [first, second, other] = [join(directory, 'first'), join(directory, 'second'), join(directory, 'other')];
  const promtool = join(programs, 'promtool');
  await makeOrphan(promtool, first, { from: 0, to: 4 });
  await makeOrphan(promtool, second, { from: 6, to: 8 });
  await makeOrphan(promtool, other, { from: 20, to: 22 });
});
afterAll(async () => {
  if (programs === undefined) return;
  await holdfast.cleanUp();
  await rm(directory, { recursive: true, force: true });
});

let place = '';
let into = '';
beforeEach(async () => {
  if (programs === undefined) return;
  place = await mkdtemp(join(directory, 'place-'));
  into = join(place, 'result');
});
afterEach(async () => {
  if (programs !== undefined) await holdfast.configure({});
});

const command = (...more: readonly string[]) => [
  'rescue',
  'stitch',
  first,
  second,
  '--into',
  into,
  '--confirm',
  'result',
  ...more,
];

interface StitchResult {
  readonly proof: StitchProof;
  readonly findings: readonly Finding[];
}

async function stitch(more: readonly string[] = [], environment = {}): Promise<StitchResult> {
  return (await holdfast.succeed(command(...more), { environment })).json as unknown as StitchResult;
}

/** A Prometheus that does something first; `$data` is where it is to look. */
async function usePrometheusThat(does: string): Promise<void> {
  const path = join(place, 'programs', 'prometheus');
  await mkdir(join(place, 'programs'));
  const script = [
    '#!/bin/sh',
    `case "$*" in *--version*|*--help*) exec '${prometheus}' "$@" ;; esac`,
    'for word; do case "$word" in --storage.tsdb.path=*) data="${word#*=}" ;; esac; done',
    'block="$(ls "$data" | head -n 1)"',
    does,
    `exec '${prometheus}' "$@"`,
  ];
  await writeFile(path, `${script.join('\n')}\n`, { mode: 0o755 });
  await holdfast.configure({ programs: { prometheus: path } });
}

async function blocksIn(path: string): Promise<readonly string[]> {
  return (await readdir(path)).filter((name) => /^[0-9A-Z]{26}$/.test(name)).sort();
}

describe.skipIf(programs === undefined)('a stitch is opened (skipped where there is no Prometheus)', () => {
  const bad = [
    {
      name: 'ends, and names a block',
      does: `echo "level=error err=\\"opening storage failed: reloadBlocks: corrupted block $block\\"" >&2; exit 1`,
      code: 'not-opened',
      exit: 13,
      words: /ended by itself\. It names [0-9A-Z]{26}\. Its log: level=error err="opening storage failed/,
    },
    {
      name: 'has no room for its WAL',
      does: 'echo "level=error err=\\"opening storage failed: mkdir wal: no space left on device\\"" >&2; exit 1',
      code: 'disk-full',
      exit: 1,
      words: /there is no space left for what it writes meanwhile\. Its log: level=error/,
    },
    {
      name: 'loads fewer blocks',
      does: 'rm "$data/$block/meta.json"',
      code: 'not-opened',
      exit: 13,
      words: /has loaded 2 of 3 blocks\. It names [0-9A-Z]{26}\./,
    },
    {
      name: 'answers something else',
      does: 'rm -r "$data/$block"; cp -r "$OTHER"/* "$data"',
      code: 'witnesses-disagree',
      exit: 13,
      words: /has answered 0 samples in 0 series from .* and the bytes hold 2160 in 9\./,
    },
  ];

  test.each(bad)('by one that $name: no block gets its place', async ({ does, code, exit, words }) => {
    const before = await Promise.all([first, second].map((source) => snapshotTree(source)));
    await usePrometheusThat(does.replace('$OTHER', other));
    for (let time = 0; time < 2; time += 1) {
      const { exitCode, json } = await holdfast.run(command());
      expect([exitCode, json.error?.code]).toEqual([exit, code]);
      expect(json.error?.message).toMatch(words);
      expect(json.error?.message).toContain('It was not put in its place, and the sources are as they were.');
      expect(await blocksIn(into)).toEqual([]);
      expect(await findProcessesNaming(into)).toEqual([]);
    }
    expect(await Promise.all([first, second].map((source) => snapshotTree(source)))).toEqual(before);
    await holdfast.configure({});
    // An answer is written down, and stands until it is removed.
    if (code === 'witnesses-disagree') {
      const again = (await holdfast.run(command())).json.error;
      expect(again?.code).toBe(code);
      await rm(again?.details['file'] as string);
    }
    const { proof } = await stitch();
    expect(proof).toMatchObject({ lost: 0, added: 0 });
    expect(proof.opened?.windows).toBe(3);
    expect(await blocksIn(into)).toEqual([...(await blocksIn(first)), ...(await blocksIn(second))].sort());
    expect(await readdir(into)).toHaveLength(3);
  });

  test('by one that writes into a block: the proof comes after it', async () => {
    await usePrometheusThat('printf XXXX | dd of="$data/$block/chunks/000001" bs=1 seek=60 conv=notrunc 2>/dev/null');
    expect((await holdfast.run(command())).exitCode).toBe(13);
    await holdfast.configure({});
    const { exitCode, json } = await holdfast.run(command('--unsafe-skip-opening'));
    expect([exitCode, json.error?.code]).toEqual([13, 'samples-lost']);
    expect(await blocksIn(into)).toEqual([]);
  });

  test('by none, where there is none, or none is wanted: that is said before and after', async () => {
    const none = { PATH: join(place, 'empty'), XDG_CACHE_HOME: join(place, 'cache') };
    const { plan } = (await holdfast.succeed(command('--plan'), { environment: none })).json;
    expect(plan?.steps.map(({ kind }) => kind)).not.toContain('open-result');
    expect(plan?.findings).toContainEqual(
      expect.objectContaining({
        rule: 'not-opened',
        severity: 'warning',
        message: expect.stringContaining('there is no prometheus in the cache or on the PATH') as string,
        remedy: expect.stringContaining('programs.prometheus') as string,
      }),
    );
    const { proof, findings } = await stitch([], none);
    expect(proof).toMatchObject({ lost: 0, added: 0, opened: null });
    expect(findings.map(({ rule }) => rule)).toEqual(['not-opened']);
    expect((await holdfast.say(command(), { environment: none })).stdout).toContain('No real Prometheus has opened it');
    await rm(into, { recursive: true });
    await holdfast.configure({ programs: { prometheus: join(place, 'missing') } });
    expect(
      (await holdfast.succeed(command('--plan'))).json.plan?.findings.map(({ message }) => message),
    ).toContainEqual(
      expect.stringContaining(`${join(place, 'missing')}, which programs.prometheus names, is not there`),
    );
    await holdfast.configure({});
    expect((await stitch(['--unsafe-skip-opening'])).proof.opened).toBeNull();
  });

  test('stopped or killed while it runs: it is ended at once, or by the same command', async () => {
    await usePrometheusThat('exec sleep 3600');
    const isOpening = async () => (await findProcessesNaming(into)).some(isOurs);
    const stopped = holdfast.start(command());
    await waitFor('a Prometheus has been started', isOpening);
    stopped.child.kill('SIGINT');
    expect((await stopped.outcome).exitCode).toBe(130);
    expect(await findProcessesNaming(into)).toEqual([]);
    const running = holdfast.start(command());
    await waitFor('a Prometheus has been started again', isOpening);
    running.child.kill('SIGKILL');
    expect((await running.outcome).signal).toBe('SIGKILL');
    expect(await isOpening()).toBe(true);
    await holdfast.configure({});
    const { proof } = await stitch();
    expect(proof).toMatchObject({ lost: 0, added: 0, opened: { windows: 3 } });
    expect(await findProcessesNaming(into)).toEqual([]);
    expect(await blocksIn(into)).toHaveLength((await readdir(into)).length);
  });
});

const isOurs = ({ commandLine }: { readonly commandLine: string }): boolean => commandLine === 'sleep 3600';
