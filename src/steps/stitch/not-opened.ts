import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { InstalledProgram } from '../../model/program.ts';
import type { OpenedResult } from '../../model/stitch-step.ts';
import type { Disagreement } from '../../rules/opened-windows.ts';

/** What a Prometheus was given, and what it has said. */
export interface SeenOpening {
  readonly into: string;
  readonly program: InstalledProgram;
  readonly blocks: readonly string[];
  readonly logFile: string;
  readonly log: string;
}

/** The words go on behind "Prometheus 3.14.0". */
export function notOpened(seen: SeenOpening, words: string): HoldfastError {
  const { program, blocks, logFile, log } = seen;
  const lines = tellingLines(log);
  const named = blocks.filter((block) => lines.some((line) => line.includes(block)));
  if (/no space left on device/i.test(log)) return noSpace(seen, lines);
  const which = named.length === 0 ? '' : ` It names ${named.slice(0, 3).join(', ')}.`;
  return new HoldfastError('not-opened', {
    message: `Prometheus ${program.version} (${program.path}) was to open what was made for ${seen.into}, and ${words}.${which}${quote(lines)} ${untouched}`,
    remedy: `Look at ${logFile}. Where this Prometheus is older than what has written a source, have a newer one on the PATH, then run the same command again; or do without that look with --unsafe-skip-opening.`,
    details: { program: program.path, version: program.version, blocks: named, log: lines },
  });
}

function noSpace({ program, into, logFile }: SeenOpening, lines: readonly string[]): HoldfastError {
  return new HoldfastError('disk-full', {
    message: `Prometheus ${program.version} was to open what was made for ${into}, and there is no space left for what it writes meanwhile.${quote(lines)} ${untouched}`,
    remedy: `Make room on that file system, then run the same command again. Its log is ${logFile}.`,
    details: { into, log: lines },
  });
}

export function notReady(seen: SeenOpening, reason: string): HoldfastError {
  const { program, logFile, log } = seen;
  const lines = tellingLines(log);
  return new HoldfastError('not-ready', {
    message: `Prometheus ${program.version} (${program.path}) was to open what was made for ${seen.into}, and gave no answer: ${reason}.${quote(lines)} ${untouched}`,
    remedy: `Look at ${logFile}, then run the same command again; or do without that look with --unsafe-skip-opening.`,
    details: { program: program.path, version: program.version, reason, log: lines },
  });
}

export interface Contradicted {
  readonly into: string;
  readonly opened: OpenedResult;
  /** That holds what was answered. */
  readonly file: string;
}

export function notTheSame({ into, opened, file }: Contradicted, { answered, counted }: Disagreement): HoldfastError {
  const [from, to] = [answered.fromMs, answered.toMs].map((atMs) => new Date(atMs).toISOString());
  return new HoldfastError('witnesses-disagree', {
    message: `Of what was made for ${into}, Prometheus ${opened.version} (${opened.program}) has answered ${answered.samples} samples in ${answered.series} series from ${from ?? ''} to ${to ?? ''}, and the bytes hold ${counted.samples} in ${counted.series}. ${untouched}`,
    remedy: `Keep the sources, and say what happened. To have another Prometheus asked, remove ${file}, then run the same command again.`,
    details: { answered, counted, file },
  });
}

const untouched = 'It was not put in its place, and the sources are as they were.';
const mostLines = 3;

/** The last lines that complain, else the last ones. */
function tellingLines(log: string): readonly string[] {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  const complaints = lines.filter((line) => /level=(?:error|warn)|^panic|^error|^fatal/i.test(line));
  return (complaints.length > 0 ? complaints : lines).slice(-mostLines).map((line) => line.slice(0, 500));
}

function quote(lines: readonly string[]): string {
  return lines.length === 0 ? '' : ` Its log: ${lines.join(' | ')}`;
}
