import type { Finding } from '../model/finding.ts';
import { printableLines } from '../model/printable.ts';
import { printable, type Style } from './style.ts';
import { wrap } from './wrap.ts';

/** Each finding with its severity as a word, its object, and what to do about it. Errors come first. */
export function renderFindings(findings: readonly Finding[], style: Style): readonly string[] {
  const order = ['error', 'warning', 'info'] as const;
  const sorted = [...findings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  return sorted.flatMap((finding) => renderFinding(finding, style));
}

function renderFinding({ rule, severity, object, message, remedy }: Finding, style: Style): readonly string[] {
  const [first = '', ...rest] = wrap(
    `${severity} ${rule} (${printable(object)}): ${printableLines(message)}`,
    style.columns,
    '  ',
  );
  const paint = severity === 'error' ? style.red : severity === 'warning' ? style.yellow : style.dim;
  const head = `${paint(severity)}${first.slice(severity.length)}`;
  return [head, ...rest, ...(remedy === '' ? [] : wrap(`  -> ${printableLines(remedy)}`, style.columns, '     '))];
}
