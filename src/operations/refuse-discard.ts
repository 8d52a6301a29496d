import { HoldfastError } from '../errors/holdfast-error.ts';
import { formatCount, plural } from '../model/counted.ts';
import type { DiscardMark, KeptProof } from '../model/discard-step.ts';
import { shellWord } from '../model/shell-word.ts';
import { discardedForMs, parseDiscardedName } from '../rules/discard-name.ts';

/** What is known of a directory before a sample of it is read. */
export interface DiscardCandidate {
  readonly path: string;
  readonly name: string;
  readonly kind: 'prometheus' | 'empty' | 'other' | 'unknown';
  readonly holds: string;
  readonly isMount: boolean;
  readonly boundTo: { readonly dataRoot: string; readonly stack: string | null } | undefined;
  readonly writer: { readonly pid: number; readonly command: string } | undefined;
  readonly hasVolumeLock: boolean;
  readonly strangers: readonly string[];
  /** Data of components in it, beside what it is itself: the first ones. */
  readonly volumesBelow: readonly { readonly path: string; readonly kind: string; readonly isQuarantine: boolean }[];
  /** True where something in it, as a symlink, was not looked into. */
  readonly isPartlySeen: boolean;
  readonly lastWriteMs: number | null;
}

/**
 * A Prometheus on another host shows in no list of processes here; but it writes with every scrape, and a scrape comes at
 * least this often.
 */
export const quietForMs = 15 * 60_000;

/** Throws `not-discardable` or `volume-locked` for what may not be discarded whatever its samples are. */
export function refuseCandidate(candidate: DiscardCandidate, nowMs: number): void {
  const { path, kind, holds, isMount, boundTo, writer, hasVolumeLock, strangers, lastWriteMs } = candidate;
  if (boundTo !== undefined) {
    const whose = boundTo.stack === null ? 'a stack whose stack.json cannot be read' : `the stack ${boundTo.stack}`;
    throw refuse(path, `it is, holds, or lies in a volume of ${whose} (${boundTo.dataRoot})`, 'bound', adviceInUse);
  }
  if (writer !== undefined) {
    throw new HoldfastError('volume-locked', {
      message: `${writer.command} (pid ${writer.pid}) writes to ${path}. Nothing was changed.`,
      remedy: 'A directory that is in use is not discarded. Name another one.',
      details: { path, pid: writer.pid },
    });
  }
  if (hasVolumeLock) {
    const remedy = `Look at ${path}/.holdfast.lock, which names the daemon and its host; remove it where both are gone.`;
    throw refuse(path, 'it holds the lock of a daemon that wrote to it', 'locked', remedy);
  }
  if (candidate.volumesBelow.some(({ isQuarantine }) => !isQuarantine)) throw refuseVolumes(candidate);
  if (isMount) throw refuse(path, 'it is a mount, which cannot be renamed', 'mount', 'Name it where it is no mount.');
  if (kind === 'other' || kind === 'unknown') throw refuseKind(candidate, holds);
  const [stranger] = strangers;
  if (stranger !== undefined) {
    const more = strangers.length === 1 ? '' : ` (and ${strangers.length - 1} more)`;
    const reason = `it holds what no sample can prove: ${stranger}${more}`;
    throw refuse(path, reason, 'strangers', 'Move that out of the directory, then run the same command again.');
  }
  if (kind === 'prometheus' && lastWriteMs !== null && nowMs - lastWriteMs < quietForMs) {
    const reason = `a file in it was written at ${isoOf(lastWriteMs)}, so that a Prometheus on another host may be using it`;
    const remedy = 'Run the same command again when nothing has been written to it for 15 minutes.';
    throw refuse(path, reason, 'recently-written', remedy);
  }
}

const adviceInUse = 'A directory that is in use is not discarded. See `holdfast rescue` on the directory above it.';

const volumesNamed = 3;

/** Each of them is proven, and renamed, by itself. */
function refuseVolumes({ path, kind, holds, volumesBelow: below }: DiscardCandidate): HoldfastError {
  const volumesBelow = below.filter(({ isQuarantine }) => !isQuarantine);
  const named = volumesBelow.slice(0, volumesNamed).map((volume) => `${volume.path} (${volume.kind})`);
  const more = volumesBelow.length - named.length;
  const list = `${named.join(', ')}${more === 0 ? '' : ` and at least ${more} more`}`;
  const isVolume = kind === 'prometheus' || kind === 'other';
  const reason = isVolume ? `beside ${holds} it holds other volumes: ${list}` : `it holds volumes: ${list}`;
  const first = volumesBelow.find((volume) => volume.kind === 'prometheus' && volume.path !== path);
  const remedy =
    first === undefined
      ? `See what each of them is with \`holdfast rescue ${shellWord(path)}\`; only a Prometheus volume can be discarded.`
      : `Name one of them: holdfast rescue discard ${shellWord(first.path)} --plan`;
  return new HoldfastError('not-discardable', {
    message: `${path} is not discarded: ${reason}. Nothing was changed.`,
    remedy,
    details: { path, rule: 'volumes', volumes: volumesBelow.slice(0, 20) },
  });
}

function refuseKind({ path, kind, isPartlySeen, volumesBelow }: DiscardCandidate, holds: string): HoldfastError {
  const [aside] = volumesBelow;
  if (aside !== undefined) {
    const reason = `it holds what a repair has moved aside (${aside.path})`;
    const advice =
      'Those samples may be nowhere else. The manifest.json there says what they are: keep it while you may need them.';
    return refuse(path, reason, 'quarantine', advice);
  }
  const remedy = isPartlySeen
    ? `Look at it with \`holdfast rescue ${shellWord(path)}\`, and at what its symlinks and mounts lead to: that was not looked into.`
    : `Look at it with \`holdfast rescue ${shellWord(path)}\`, and remove it by hand if nobody needs it.`;
  const reason =
    kind === 'other'
      ? `it holds ${holds}, and only of a Prometheus volume can be proven, sample by sample, that all of it is elsewhere`
      : `it holds ${holds}`;
  return refuse(path, reason, 'kind', remedy);
}

/** Throws `not-discardable` while a discarded directory is to stay, or where it is none. Returns since when it was. */
export function refuseRemoval(path: string, mark: DiscardMark | undefined, nowMs: number): DiscardMark {
  const name = parseDiscardedName(path.slice(path.lastIndexOf('/') + 1));
  if (name === undefined || mark?.name !== name.name) {
    const remedy = 'Rename it to what it was called, and discard that.';
    throw refuse(path, 'it has the name of a discarded directory but not its mark', 'unmarked', remedy);
  }
  const removableMs = removableAt(mark, name.atMs);
  if (nowMs >= removableMs) return mark;
  const remedy = `Run the same command then. To put it back: mv ${shellWord(path)} ${shellWord(`${path.slice(0, path.lastIndexOf('/'))}/${mark.name}`)}, and remove .holdfast-discarded.json in it.`;
  throw refuse(
    path,
    `it was discarded at ${isoOf(mark.discardedAtMs)} and stays until ${isoOf(removableMs)}`,
    'too-young',
    remedy,
  );
}

/** By the later of what its mark and its name say. */
export function removableAt({ discardedAtMs }: Pick<DiscardMark, 'discardedAtMs'>, namedAtMs: number): number {
  return Math.max(discardedAtMs, namedAtMs) + discardedForMs;
}

/** Throws `not-elsewhere` unless every sample was found. */
export function refuseUnproven(proof: KeptProof): void {
  const { directory, keptIn, samples, lost, undecided } = proof;
  const [unknown] = undecided;
  const others = keptIn.join(' and ');
  if (unknown !== undefined) {
    throw new HoldfastError('not-elsewhere', {
      message: `Nobody knows whether all of ${directory} is in ${others}: ${unknown} Nothing was changed.`,
      remedy: 'Run `holdfast check` on that directory, or name another one that holds the samples with --kept-in.',
      details: { directory, keptIn, undecided: undecided.slice(0, 5) },
    });
  }
  const [first] = lost;
  if (first !== undefined) {
    const count = lost.reduce((sum, window) => sum + window.samples, 0);
    const changed = lost.reduce((sum, window) => sum + window.changed, 0);
    const other = changed === 0 ? '' : ` (${changed} have another value there)`;
    throw new HoldfastError('not-elsewhere', {
      message: `${formatCount(count)} of ${plural(samples, 'sample')} of ${directory} are not in ${others}${other}, in ${plural(lost.length, 'window')} of two hours; the first is from ${isoOf(first.fromMs)} to ${isoOf(first.toMs)}. Nothing was changed.`,
      remedy: 'Name the directory that holds them as well with a further --kept-in, or keep this one.',
      details: { directory, keptIn, lost: lost.slice(0, 20), windows: lost.length },
    });
  }
  if (samples === 0) {
    const reason = 'no sample can be read in it although it has files with data';
    throw refuse(
      directory,
      reason,
      'no-samples',
      'Look at it with `holdfast check`, and remove it by hand if nobody needs it.',
    );
  }
}

function refuse(path: string, reason: string, rule: string, remedy: string): HoldfastError {
  return new HoldfastError('not-discardable', {
    message: `${path} is not discarded: ${reason}. Nothing was changed.`,
    remedy,
    details: { path, rule },
  });
}

function isoOf(atMs: number): string {
  return Number.isFinite(atMs) && Math.abs(atMs) <= 8.64e15 ? new Date(atMs).toISOString() : String(atMs);
}
