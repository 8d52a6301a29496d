import type { ProvedSource, StitchProof } from '../model/stitch-step.ts';
import { shellWord } from '../model/shell-word.ts';
import { printable, type Style } from './style.ts';
import { formatCount, plural } from './time.ts';

export interface StitchLayout {
  /** Of the run. */
  readonly folder: string;
  /** How an `adopt` of it begins, as `holdfast adopt`. */
  readonly adoptWords: string;
}

/** What a stitch holds of each of its sources, for people. */
export function renderStitchProof(
  proof: StitchProof,
  { folder, adoptWords }: StitchLayout,
  style: Style,
): readonly string[] {
  const { into, holds, sources, lost, added, wins } = proof;
  const isGood = lost === 0 && added === 0;
  return [
    isGood
      ? style.bold(
          `${printable(into)}: ${plural(holds.samples, 'sample')} in ${formatCount(holds.series)} series, ${heldWords(proof)}.`,
        )
      : style.red(`${printable(into)} was not made: what there is differs from its sources.`),
    ...sources.map((source) => sourceWords(source, wins, style)),
    ...(added > 0 ? [style.red(`ADDED  ${plural(added, 'sample')} that no source holds`)] : []),
    ...(isGood ? [openedWords(proof, adoptWords, style)] : []),
    `The sources are as they were. The proof is ${printable(`${folder}/proof.json`)}.`,
  ];
}

/** What was left out is no part of it, and stands beside its source. */
function heldWords({ sources, wins }: StitchProof): string {
  const dropped = sources.reduce((sum, source) => sum + source.dropped, 0);
  const all = `all that ${plural(sources.length, 'source')} held`;
  return dropped === 0 ? all : `${all} but ${formatCount(dropped)} left out for those of ${printable(wins ?? '')}`;
}

function openedWords({ opened, into }: StitchProof, adoptWords: string, style: Style): string {
  if (opened === null) {
    return style.yellow('No real Prometheus has opened it: start one on a copy before you rely on it.');
  }
  const { version, windows } = opened;
  return `Prometheus ${printable(version)} has opened it, and counts the same in ${plural(windows, 'window')}. Take it in: ${adoptWords} ${printable(shellWord(into))}`;
}

function sourceWords({ directory, kept, dropped, lost }: ProvedSource, wins: string | null, style: Style): string {
  const loss = lost > 0 ? `, ${style.red(`LOST ${formatCount(lost)}`)}` : '';
  const drop = dropped > 0 ? `, ${formatCount(dropped)} left out for those of ${printable(wins ?? '')}` : '';
  return `  ${printable(directory)}: ${formatCount(kept)} kept${drop}${loss}`;
}
