import type { Finding } from '../model/finding.ts';
import type { LostSeries } from '../model/tsdb-comparison.ts';
import {
  findConflict,
  findUnreadBefore,
  isGoodVerdict,
  provesNothing,
  type ProofSide,
  type TsdbProof,
  type TsdbVerdict,
} from '../model/tsdb-proof.ts';
import { renderFindings } from './render-findings.ts';
import { printable, type Style } from './style.ts';
import { formatCount, formatSpan, formatTime, plural } from './time.ts';

const mostWindows = 20;

/** A proof of two TSDBs for people: the verdict, then kept, lost, expired, undecided, gap and added apart. */
export function renderTsdbProof(proof: TsdbProof, style: Style): readonly string[] {
  const verdict = verdictOf(proof);
  const isWhole = findUnreadBefore(proof).length === 0 && findConflict(proof) === undefined;
  const isGood = isGoodVerdict(proof) && !provesNothing(proof) && isWhole;
  const to =
    proof.completeToMs === null ? 'there was no sample before' : `complete to ${formatTime(proof.completeToMs)}`;
  return [
    style.bold(`${isGood ? style.green(verdict) : style.red(verdict)} (${to})`),
    `  before   ${renderSide(proof.before)}`,
    `  after    ${renderSide(proof.after)}`,
    ...renderVerdict(proof),
    ...renderFindings(proof.findings.map(onOneLine), style).map((line) => `  ${line}`),
  ];
}

/** They name files of a data directory, and their names may hold anything. */
export function onOneLine(finding: Finding): Finding {
  return { ...finding, message: printable(finding.message), remedy: printable(finding.remedy) };
}

function verdictOf(proof: TsdbProof): string {
  const { lost, undecided } = proof;
  if (provesNothing(proof)) return 'there was nothing to prove';
  if (lost.windows.length > 0) return 'data is missing';
  if (undecided.windows.some(({ kind }) => kind !== 'filling')) return 'it cannot be told whether something was lost';
  if (findUnreadBefore(proof).length > 0) return 'nothing was lost of what can be read, and not all of it can';
  if (findConflict(proof) !== undefined) return 'nothing was lost of what is counted, and there are other values';
  return 'nothing was lost';
}

function renderSide({ path, kind }: ProofSide): string {
  return kind === 'directory' ? printable(path) : `${printable(path)} (${kind})`;
}

/** The numbers of a verdict, as rows below a heading. */
export function renderVerdict({ kept, lost, expired, undecided, gap, added }: TsdbVerdict): readonly string[] {
  return [
    `  kept     ${plural(kept.samples, 'sample')} in ${formatCount(kept.series)} series`,
    `  lost     ${formatCount(lost.samples)}`,
    ...renderLostWindows(lost.windows),
    ...(lost.series === null ? [] : renderSeries(lost.series)),
    `  expired  ${formatCount(expired.samples)}`,
    ...(undecided.windows.length === 0 ? [] : [`  open     ${formatCount(undecided.samples)}`]),
    ...renderLostWindows(undecided.windows),
    `  gap      ${gap === null ? 'none' : `${formatTime(gap.fromMs)} to ${formatTime(gap.toMs)} (${formatSpan(gap.toMs - gap.fromMs)})`}`,
    `  added    ${formatCount(added.samples)}`,
  ];
}

/** Windows of a verdict with their reasons; the first twenty. */
export function renderLostWindows(
  windows: readonly { readonly fromMs: number; readonly toMs: number; readonly reason: string }[],
): readonly string[] {
  const more = windows.length - mostWindows;
  return [
    ...windows
      .slice(0, mostWindows)
      .map(
        ({ fromMs, toMs, reason }) => `           ${formatTime(fromMs)} to ${formatTime(toMs)}: ${printable(reason)}`,
      ),
    ...(more > 0 ? [`           and ${plural(more, 'more window')}: see --json`] : []),
  ];
}

function renderSeries({
  listed,
  more,
}: {
  readonly listed: readonly LostSeries[];
  readonly more: number;
}): readonly string[] {
  const lines = listed.map(({ series, missing, changed }) => {
    const words = [
      missing > 0 ? `${formatCount(missing)} missing` : '',
      changed > 0 ? `${formatCount(changed)} changed` : '',
    ];
    return `           ${printable(series)}: ${words.filter((word) => word !== '').join(', ')}`;
  });
  return [...lines, ...(more > 0 ? [`           and ${formatCount(more)} more series`] : [])];
}
