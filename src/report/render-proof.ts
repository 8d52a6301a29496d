import { isGoodProof, type ComponentProof, type Proof } from '../model/proof.ts';
import { renderFindings } from './render-findings.ts';
import { onOneLine, renderLostWindows } from './render-tsdb-proof.ts';
import { printable, type Style } from './style.ts';
import { formatCount, formatSpan, formatTime, plural } from './time.ts';

/** A proof for people: kept, lost, expired, gap and added apart, then the components, then what could not be checked. */
export function renderProof(proof: Proof, style: Style): readonly string[] {
  const { kept, lost, expired, gap, added, completeToMs } = proof;
  const good = isGoodProof(proof);
  const verdict = good ? style.green('nothing was lost') : style.red('data is missing');
  const to = completeToMs === null ? 'there was no sample before' : `complete to ${formatTime(completeToMs)}`;
  return [
    style.bold(`Proof of run ${proof.run}: ${verdict} (${to})`),
    `  kept     ${plural(kept.samples, 'sample')} in ${formatCount(kept.series)} series`,
    `  lost     ${formatCount(lost.samples)}`,
    ...lost.windows.map((window) => {
      const range = `${formatTime(window.fromMs)} to ${formatTime(window.toMs)}`;
      return `           ${range}: ${plural(window.samples, 'sample')}, ${printable(window.reason)}`;
    }),
    `  expired  ${formatCount(expired.samples)}`,
    `  gap      ${gap === null ? 'none' : renderGap(gap)}`,
    `  added    ${formatCount(added.samples)}`,
    ...proof.components.flatMap(renderComponent),
    ...renderBytes(proof, style),
    ...renderFindings(proof.findings, style).map((line) => `  ${line}`),
  ];
}

/** What the second witness says: one line where it agrees, and all of it where it does not. */
function renderBytes({ tsdb }: Proof, style: Style): readonly string[] {
  if (tsdb === null) return [];
  const { kept, lost, undecided, findings } = tsdb;
  const open = undecided.samples > 0 ? `, ${formatCount(undecided.samples)} open` : '';
  return [
    `  bytes: kept ${plural(kept.samples, 'sample')}, lost ${formatCount(lost.samples)}${open}`,
    ...renderLostWindows([...lost.windows, ...undecided.windows]),
    ...renderFindings(findings.map(onOneLine), style).map((line) => `  ${line}`),
  ];
}

function renderGap({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): string {
  return `${formatTime(fromMs)} to ${formatTime(toMs)} (${formatSpan(toMs - fromMs)})`;
}

function renderComponent({ name, kept, lost, checked, missing }: ComponentProof): readonly string[] {
  const things = { alertmanager: 'silences', pushgateway: 'groups', grafana: 'dashboards' }[name];
  if (!checked) return [`  ${name}: not checked`];
  const [shown, more] = [missing.slice(0, 20), missing.length - 20];
  return [
    `  ${name}: kept ${formatCount(kept)} ${things}, lost ${formatCount(lost)}`,
    ...shown.map((one) => `           missing: ${printable(one)}`),
    ...(more > 0 ? [`           and ${formatCount(more)} more`] : []),
  ];
}
