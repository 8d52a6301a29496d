/**
 * A share on which somebody has given names that steer a terminal: a volume that would write a line of its own into what
 * we say, a file that clears the screen, one that reads backwards. Every verb that looks says them so that nothing moves;
 * programs get them as they are, and what is told to be typed can be typed.
 */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeStack } from '../harness/describe-stack.ts';
import { openHoldfast } from '../harness/holdfast.ts';
import { dayMs, makeBlocks } from '../harness/make-blocks.ts';

const odd = "vol\n  -> run: rm -rf '~'\u001b[2J\u202egnp";
const shown = "vol\\n  -> run: rm -rf '~'\\e[2J\\u{202e}gnp";
/** But for the newlines that end our own lines. */
const unsafe = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u;

describeStack('odd names', () => {
  test('are said as they are written, and obeyed by nobody', async () => {
    const holdfast = await openHoldfast();
    const blocks = await makeBlocks({ endsBeforeNowMs: 2 * dayMs, spanMs: 4 * 3_600_000, everyMs: 60_000, series: 2 });
    const share = join(holdfast.directory, 'share');
    const volume = join(share, odd);
    await mkdir(share);
    await cp(blocks.directory, volume, { recursive: true });
    const [block = ''] = blocks.blocks;
    await writeFile(join(volume, block, odd), '');
    await mkdir(join(volume, `${odd}.tmp`));
    const copy = join(holdfast.directory, `${odd}-copy`);
    await cp(volume, copy, { recursive: true });
    const nowhere = join(volume, odd);
    const verbs = [
      ['rescue', share],
      ['check', volume],
      ['inventory', volume],
      ['proof', volume, copy],
    ] as const;
    for (const argumentList of [
      ...verbs,
      ['check', nowhere],
      ['rescue', nowhere],
      ['proof', nowhere, volume],
      ['proof', volume, volume],
    ]) {
      const { stdout, stderr } = await holdfast.say(argumentList);
      expect([argumentList, `${stdout}${stderr}`.match(unsafe)]).toEqual([argumentList, null]);
      expect(`${stdout}${stderr}`).toContain(shown);
      expect(`${stdout}${stderr}`).not.toMatch(/^ *-> run/m);
    }
    const { json } = await holdfast.succeed(['rescue', share]);
    expect(json).toMatchObject({ volumes: [{ path: volume }] });
    const checked = (await holdfast.run(['check', volume])).json as { findings?: readonly { file: string }[] };
    expect(checked.findings?.map(({ file }) => file)).toEqual(expect.arrayContaining([`${odd}.tmp`, join(block, odd)]));
    const [, command = ''] = /To take one in: (.*)$/m.exec((await holdfast.say(['rescue', share])).stdout) ?? [];
    const words = execFileSync('bash', ['-c', `set -- ${command}; printf %s "$5"`], { encoding: 'utf8' });
    expect(words).toBe(volume);
  });
});
