import { readFile, rm } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Holdfast } from '../harness/holdfast.ts';

const preload = new URL('kill-at-call.mjs', import.meta.url).href;

export interface KilledCommand {
  /** False where it made fewer calls. */
  readonly wasKilled: boolean;
  /** What it did to the disk, a line each, as `rename name`. */
  readonly calls: readonly string[];
}

export interface CommandToKill {
  readonly holdfast: Holdfast;
  readonly words: readonly string[];
  /** A file that the calls are counted in. */
  readonly log: string;
  /** From 1. Infinity for none. */
  readonly call: number;
}

/** Runs a command that is killed in the place of that call (kill-at-call.mjs); one that is not must succeed. */
export async function killCommand({ holdfast, words, log, call }: CommandToKill): Promise<KilledCommand> {
  await rm(log, { force: true });
  const environment = {
    NODE_OPTIONS: `--import ${preload}`,
    HOLDFAST_KILL_LOG: log,
    HOLDFAST_KILL_AT: String(call),
  };
  const { signal, exitCode, stdout } = await holdfast.start(words, { environment }).outcome;
  expect(signal === 'SIGKILL' || exitCode === 0, stdout).toBe(true);
  const calls = (await readFile(log, 'utf8')).trimEnd().split('\n');
  return { wasKilled: signal === 'SIGKILL', calls };
}

/** Each kind of call on each kind of name once, and of all others one in so many; all of them with HOLDFAST_TEST_LONG=1. */
export function choosePoints(calls: readonly string[]): readonly number[] {
  const isLong = process.env['HOLDFAST_TEST_LONG'] === '1';
  const seen = new Set<string>();
  return calls.flatMap((call, index) => {
    const shape = call.replace(/[0-9A-HJKMNP-TV-Z]{26}|\d{6,}/g, 'N');
    const isNew = !seen.has(shape);
    seen.add(shape);
    return isLong || isNew || index % 30 === 0 ? [index + 1] : [];
  });
}
