import { execa } from 'execa';
import { basename } from 'node:path';
import semver from 'semver';
import type { ProgramName } from '../../model/program.ts';
import { programTable, type ProgramRow } from './program-table.ts';

export type Inspection =
  | { readonly ok: true; readonly version: string; readonly flags: readonly string[] }
  /** Why it is not that program, to be read after its path. */
  | { readonly ok: false; readonly reason: string };

/**
 * Asks a program what it is: its version by `--version`, its flags by `--help`, with an empty environment, a deadline and
 * a limit on what it may say. Never throws for what the program does; rejects when the signal says so.
 */
export async function inspectProgram(name: ProgramName, path: string, signal?: AbortSignal): Promise<Inspection> {
  const row = programTable[name];
  const isServer = basename(path) === 'grafana-server';
  const said = await ask(path, [isServer ? '-v' : '--version'], signal);
  if (!said.ok) return said;
  const version = parseProgramVersion(said.text, row);
  if (version === undefined) return { ok: false, reason: `does not say that it is ${name} when asked for its version` };
  const help = await ask(path, [...(isServer ? [] : row.helpCommand), '--help'], signal);
  return help.ok ? { ok: true, version, flags: parseHelpFlags(help.text) } : help;
}

/** `2.42.0` of `prometheus, version 2.42.0+ds (branch: ...)`; undefined where another program speaks. */
export function parseProgramVersion(text: string, row: Pick<ProgramRow, 'versionPattern'>): string | undefined {
  const said = row.versionPattern.exec(text)?.[1];
  if (said === undefined) return undefined;
  const version = semver.parse(said.replace(/^v/, '')) ?? semver.coerce(said);
  return version?.version;
}

/**
 * The long flags of a help text, without dashes. Newer kingpin prints `--[no-]flag` for booleans, and Go's own flag
 * package prints one dash.
 */
export function parseHelpFlags(text: string): readonly string[] {
  const flags = new Set<string>();
  for (const line of text.split('\n')) {
    // A description that goes on in further lines may begin with a flag too, far to the right.
    const match = /^ {1,8}(?:-\w,\s+)?--?(?:\[no-\])?([a-z0-9][a-z0-9._-]+)/i.exec(line);
    if (match?.[1] !== undefined) flags.add(match[1]);
  }
  return [...flags].sort();
}

type Said = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string };

async function ask(path: string, words: readonly string[], signal: AbortSignal | undefined): Promise<Said> {
  const result = await runOnce(path, words, signal);
  signal?.throwIfAborted();
  const asked = words.join(' ');
  if (result.timedOut) return { ok: false, reason: `does not answer ${asked} within 15 s` };
  if (result.isMaxBuffer) return { ok: false, reason: `does not stop talking when asked ${asked}` };
  if (result.exitCode === undefined) {
    return { ok: false, reason: `cannot be run (${result.code ?? result.signal ?? 'unknown'})` };
  }
  // Go's flag package ends with 2 after -help (flag.ErrHelp), so the code says nothing.
  return { ok: true, text: result.all };
}

function runOnce(path: string, words: readonly string[], signal: AbortSignal | undefined) {
  return execa(path, [...words], {
    env: {},
    extendEnv: false,
    cwd: '/',
    stdin: 'ignore',
    all: true,
    reject: false,
    timeout: 15_000,
    forceKillAfterDelay: 1000,
    maxBuffer: 2 ** 20,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
}
