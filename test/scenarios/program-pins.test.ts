/**
 * stack.json pins the programs that a stack runs with. Another version that appears on PATH changes nothing. A program of
 * the owner that was exchanged under the same version is taken in a visible step, and its component alone restarts. Another
 * version at its path, or one that is older than the last that wrote to the volume, is refused, and what runs goes on.
 */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openHoldfast } from '../harness/holdfast.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { findProcessesNaming } from '../harness/find-processes.ts';
import type { Holdfast } from '../harness/holdfast.ts';
import { readPids } from './stack-pids.ts';

describeStack('pinned programs', () => {
  let holdfast: Holdfast;
  let bin: string;
  let wrapper: string;

  /** A program that goes on as the real one, and says that it is this version. */
  const writeWrapper = async (path: string, program: string, version: string | null) => {
    const real = join(process.env['HOLDFAST_TEST_PROGRAMS'] ?? '', `prometheus-${program}`);
    const says = version === null ? '' : `[ "$1" = --version ] && echo '${program}, version ${version}' && exit 0\n`;
    await writeFile(path, `#!/bin/sh\n${says}exec '${real}' "$@"\n`);
    await chmod(path, 0o755);
  };
  const pinOf = async (name: string) => (await holdfast.stackFile()).programs.find((pin) => pin.name === name);
  const isRefused = async (words: readonly string[], exitCode: number, code: string) => {
    const before = await readPids(holdfast);
    const { json, ...outcome } = await holdfast.run(words);
    expect({ exitCode: outcome.exitCode, code: json.error?.code }).toEqual({ exitCode, code });
    expect(await readPids(holdfast)).toEqual(before);
    return json.error;
  };

  test('the program that the config names is used, and pinned', async () => {
    holdfast = await openHoldfast();
    bin = join(holdfast.directory, 'bin');
    wrapper = join(holdfast.directory, 'my-pushgateway');
    await mkdir(bin);
    await writeWrapper(wrapper, 'pushgateway', null);
    await holdfast.configure({ programs: { pushgateway: wrapper } });
    await holdfast.succeed(['up']);
    expect(await pinOf('pushgateway')).toMatchObject({ source: 'config', origin: wrapper });
    expect((await pinOf('prometheus'))?.version).toBe((await holdfast.component('prometheus')).version);
  });

  test('a newer one on PATH changes nothing', async () => {
    const environment = { PATH: `${bin}:${process.env['PATH']}` };
    await writeWrapper(join(bin, 'node_exporter'), 'node_exporter', '99.0.0');
    const pin = await pinOf('node_exporter');
    const { json } = await holdfast.succeed(['up'], { environment });
    expect(json).toMatchObject({ ok: true, run: null, steps: [] });
    await holdfast.succeed(['down'], { environment });
    await holdfast.succeed(['up'], { environment });
    expect(await pinOf('node_exporter')).toEqual(pin);
    expect((await holdfast.component('node-exporter')).version).toBe(pin?.version);
    const { stdout } = await holdfast.say(['up', '--upgrade', '--plan'], { environment });
    expect(stdout).toContain(`look for a newer node_exporter than ${pin?.version}`);
  });

  test('a program of the owner that was exchanged under its version is a visible step', async () => {
    const pin = await pinOf('pushgateway');
    await writeFile(wrapper, `${await readFile(wrapper, 'utf8')}# somebody was here\n`);
    const before = await readPids(holdfast);
    const { json } = await holdfast.succeed(['up']);
    expect(json.steps?.map(({ title }) => title)).toContain(`take pushgateway from ${wrapper}`);
    expect((await pinOf('pushgateway'))?.sha256).not.toBe(pin?.sha256);
    // The restart is a second stage of the same command.
    const after = await readPids(holdfast);
    expect(Object.keys(after).filter((name) => after[name] !== before[name])).toEqual(['pushgateway']);
    expect((await holdfast.succeed(['up'])).json).toMatchObject({ run: null, steps: [] });
  });

  test('another version at the same path is no silent change', async () => {
    const good = await readFile(wrapper, 'utf8');
    await writeWrapper(wrapper, 'pushgateway', '1.4.9');
    const error = await isRefused(['up'], 2, 'bad-config');
    expect(error?.message).toContain('1.4.9');
    expect(error?.remedy).toContain('--upgrade');
    const pin = await pinOf('pushgateway');
    const older = await isRefused(['up', '--upgrade'], 10, 'program-older-than-volume');
    expect(older?.message).toContain('1.4.9');
    expect(await pinOf('pushgateway')).toEqual(pin);
    await writeFile(wrapper, good);
  });

  test('a program older than the one that last wrote to the volume is refused, and nothing starts', async () => {
    await holdfast.succeed(['down']);
    const path = holdfast.path('volumes', 'alertmanager', '.holdfast.json');
    const good = await readFile(path, 'utf8');
    const identity = JSON.parse(good) as { readonly lastWriter: object };
    const newer = { ...identity, lastWriter: { ...identity.lastWriter, version: '99.0.0' } };
    await writeFile(path, JSON.stringify(newer), { mode: 0o600 });
    for (const words of [['up'], ['rebuild', '--confirm', 'monitoring']]) {
      const error = await isRefused(words, 10, 'program-older-than-volume');
      expect(error?.message).toContain('99.0.0');
      expect(error?.message).toContain('alertmanager');
    }
    expect(await findProcessesNaming(holdfast.dataRoot)).toEqual([]);
    await writeFile(path, good, { mode: 0o600 });
    expect((await holdfast.succeed(['up'])).json.ok).toBe(true);
  });
});
