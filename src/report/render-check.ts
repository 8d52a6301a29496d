import { formatBytes } from '../model/bytes.ts';
import type { TsdbCheck } from '../model/tsdb-check.ts';
import type { TsdbFinding } from '../model/tsdb-inventory.ts';
import { renderTsdbFindings } from './render-tsdb-inventory.ts';
import { printable, type Style } from './style.ts';
import { plural } from './time.ts';

const order = ['error', 'warning', 'info'] as const;

/** A check for people: how much was read, what came of it, and each finding, errors first. */
export function renderCheck(check: TsdbCheck & { readonly directory: string }, style: Style): readonly string[] {
  const { directory, ok, bytes, seconds, findings } = check;
  const speed = seconds > 0 ? `, ${formatBytes(bytes / seconds)}/s` : '';
  const verdict = ok ? `nothing is damaged${besides(findings)}` : `DAMAGED (${counts(findings)})`;
  return [
    style.bold(`${printable(directory)}: ${ok ? verdict : style.red(verdict)}`),
    `${formatBytes(bytes)} read in ${seconds.toFixed(1)} s${speed}.`,
    ...renderTsdbFindings(findings, style),
  ];
}

function besides(findings: readonly TsdbFinding[]): string {
  return findings.length === 0 ? '' : ` (${counts(findings)})`;
}

function counts(findings: readonly TsdbFinding[]): string {
  const words = { error: 'error', warning: 'warning', info: 'note' };
  return order
    .map((severity) => ({ severity, count: findings.filter((finding) => finding.severity === severity).length }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => plural(count, words[severity]))
    .join(', ');
}
