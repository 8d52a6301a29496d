/**
 * What may stand on the two sides of a proof: an inventory may come through a pipe that the shell opens, and the same thing on
 * both sides, by whichever name, is refused, since it would hold all that it holds.
 */
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TsdbProof } from '../../src/model/tsdb-proof.ts';
import { mainFile, openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { copyBlocks, dayMs, makeBlocks, type MadeBlocks } from '../harness/make-blocks.ts';
import { runCommand } from '../harness/run-command.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];

describe.skipIf(programs === undefined)('the sides of a proof (skipped where there is no promtool)', () => {
  let holdfast: Holdfast;
  let made: MadeBlocks;
  const at = (...parts: readonly string[]) => join(holdfast.directory, ...parts);

  beforeAll(async () => {
    holdfast = await openHoldfast();
    made = await makeBlocks({ endsBeforeNowMs: 2 * dayMs, spanMs: dayMs / 4, everyMs: 60_000, series: 3 });
    await mkdir(at('volume', 'prometheus-db'), { recursive: true });
    await copyBlocks(made.directory, at('volume', 'prometheus-db'));
    await cp(at('volume'), at('copy'), { recursive: true });
    await writeFile(at('before.json'), (await holdfast.succeed(['inventory', at('volume')])).stdout);
  });
  afterAll(async () => holdfast.cleanUp());

  /** With the sides as bash lays them out. */
  const proveInShell = async (sides: string) => {
    const command = `cd ${at()} && exec ${process.execPath} ${mainFile()} proof ${sides} --json`;
    const outcome = await runCommand('bash', ['-c', command], { environment: holdfast.environment });
    const json = JSON.parse(outcome.stdout.trimEnd().split('\n').at(-1) ?? '') as TsdbProof & {
      readonly error?: { readonly code: string; readonly message: string; readonly remedy: string };
    };
    return { ...outcome, json };
  };

  test.each([
    ['through a pipe', '<(cat before.json) copy'],
    ['through a pipe that is slow', '<(sleep 1; cat before.json) copy'],
    ['through the standard input', '/dev/stdin copy < before.json'],
    ['through a pipe of the standard input', '/dev/stdin copy < <(cat before.json)'],
    ['through two pipes', '<(cat before.json) <(cat before.json)'],
  ])('an inventory comes %s', async (_, sides) => {
    const { exitCode, json } = await proveInShell(sides);
    expect([exitCode, json.error]).toEqual([0, undefined]);
    expect(json.kept.samples).toBe(made.samples);
    expect(json.before.kind).toBe('inventory');
  });

  test.each([
    ['without a byte', '<(true) copy', 'not-an-inventory', 'it is empty'],
    ['cut short', '<(head -c 300 before.json) copy', 'not-an-inventory', 'not a JSON object'],
    ['of something else', '/dev/null copy', 'not-an-inventory', 'neither a file nor a directory'],
  ])('a pipe %s is refused', async (_, sides, code, words) => {
    const { exitCode, json } = await proveInShell(sides);
    expect([exitCode, json.error?.code]).toEqual([2, code]);
    expect(json.error?.message).toContain(words);
  });

  test('a pipe that nobody closes ends with the signal', async () => {
    const sides = '<(sleep 10 2> /dev/null) copy --json & sleep 2; kill -TERM $!; wait $!; exit $? #';
    const { exitCode } = await proveInShell(sides);
    expect(exitCode).toBe(143);
  });

  test('the same directory or file on both sides is refused, by whichever path', async () => {
    await symlink(at('volume'), at('link'));
    for (const other of ['volume', 'volume/.', 'link', 'volume/prometheus-db']) {
      const { exitCode, json } = await holdfast.run(['proof', at('volume'), at(other)]);
      expect([other, exitCode, json.error?.code]).toEqual([other, 2, 'same-on-both-sides']);
      expect(json.error?.message).toContain(at('volume'));
    }
    const file = await holdfast.run(['proof', at('before.json'), at('before.json')]);
    expect([file.exitCode, file.json.error?.code]).toEqual([2, 'same-on-both-sides']);
    expect((await holdfast.succeed(['proof', at('volume'), at('copy')])).exitCode).toBe(0);
  });
});
