import { expect } from 'vitest';
import { isAlive } from './find-processes.ts';
import { openHoldfast, type JsonResult } from './holdfast.ts';
import { runCommand } from './run-command.ts';

/** `--version`, `--help`, `up`, `status` and `down` of an installed command, on the PATH that is given. */
export async function takeWholeTrip(command: string, path: string): Promise<void> {
  const holdfast = await openHoldfast();
  try {
    const environment = { ...holdfast.environment, PATH: path };
    const call = (...words: readonly string[]) => runCommand(command, words, { cwd: holdfast.directory, environment });
    const callOn = async (verb: string): Promise<JsonResult> => {
      const outcome = await call('--config', holdfast.configFile, '--data', holdfast.dataRoot, verb, '--json');
      expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 });
      return JSON.parse(outcome.stdout.trimEnd().split('\n').at(-1) ?? '') as JsonResult;
    };
    expect(await call('--version')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect(await call('--help')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('rebuild') });
    await callOn('up');
    const { ok, components = [] } = await callOn('status');
    expect(ok).toBe(true);
    const pids = components.flatMap(({ pid }) => pid ?? []);
    expect(pids).not.toEqual([]);
    await callOn('down');
    expect(await Promise.all(pids.map(isAlive))).toEqual(pids.map(() => false));
  } finally {
    await holdfast.cleanUp();
  }
}
