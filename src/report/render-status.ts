import { formatBytes } from '../model/bytes.ts';
import type { ComponentStatus, StatusReport, VolumeStatus } from '../model/status.ts';
import { renderFindings } from './render-findings.ts';
import { printableLines } from '../model/printable.ts';
import { printable, type Style } from './style.ts';
import { renderTable } from './table.ts';
import { formatAge, formatCount, formatSecond, formatTime } from './time.ts';
import { wrap } from './wrap.ts';

/** `holdfast status` for people. */
export function renderStatus(status: StatusReport, nowMs: number, style: Style): readonly string[] {
  return [
    headline(status, style),
    observed(status, nowMs),
    '',
    ...renderComponents(status.components, nowMs, style),
    ...reasons(status.components, style),
    '',
    ...renderVolumes(status.volumes, nowMs, style),
    ...(status.findings.length === 0 ? [] : ['', ...renderFindings(status.findings, style)]),
    '',
    lastRun(status, nowMs),
    lastProof(status, nowMs),
  ];
}

function headline({ stack, platform, dataRoot, desired, ok }: StatusReport, style: Style): string {
  const verdict = ok ? style.green(desired === 'up' ? 'ok' : 'ok (down)') : style.red('not ok');
  return `${style.bold(`Stack ${printable(stack)}`)} (${platform}, ${printable(dataRoot)}): ${verdict}`;
}

function observed({ observedAtMs, daemon }: StatusReport, nowMs: number): string {
  const when = `Observed ${formatAge(observedAtMs, nowMs)} (${formatSecond(observedAtMs)})`;
  return daemon === null ? `${when}; no daemon runs.` : `${when} by the daemon, pid ${daemon.pid}.`;
}

function renderComponents(components: readonly ComponentStatus[], nowMs: number, style: Style): readonly string[] {
  const columns = [
    { head: 'COMPONENT' },
    { head: 'STATE' },
    { head: 'ADDRESS' },
    { head: 'VERSION' },
    { head: 'PID', align: 'right' as const },
    { head: 'SINCE' },
    { head: 'RESTARTS', align: 'right' as const },
  ];
  const rows = components.map(({ name, state, address, version, pid, since, restarts }) => [
    name,
    state,
    address ?? '-',
    version ?? '-',
    pid === null ? '-' : String(pid),
    since === null ? '-' : formatAge(Date.parse(since), nowMs),
    formatCount(restarts),
  ]);
  return renderTable(columns, rows, style);
}

/** Why a component is not running, or why it last died; below the table, since it may quote its last log lines. */
function reasons(components: readonly ComponentStatus[], style: Style): readonly string[] {
  return components.flatMap(({ name, reason }) => {
    if (reason === null) return [];
    return wrap(`${name}: ${printableLines(reason)}`, style.columns, '  ');
  });
}

function renderVolumes(volumes: readonly VolumeStatus[], nowMs: number, style: Style): readonly string[] {
  const columns = [
    { head: 'VOLUME' },
    { head: 'STATE' },
    { head: 'SIZE', align: 'right' as const },
    { head: 'OLDEST' },
    { head: 'NEWEST' },
    { head: 'ID' },
  ];
  const rows = volumes.map(({ component, state, sizeBytes, oldestMs, newestMs, id }) => [
    component,
    state,
    sizeBytes === null ? '-' : formatBytes(sizeBytes),
    oldestMs === null ? '-' : formatSecond(oldestMs),
    newestMs === null ? '-' : formatAge(newestMs, nowMs),
    id,
  ]);
  return renderTable(columns, rows, style);
}

function lastRun({ lastRun: run }: StatusReport, nowMs: number): string {
  if (run === null) return 'Last run: none.';
  return `Last run: ${run.verb} ${run.run}, ${run.state}, begun ${formatAge(run.startedAtMs, nowMs)}.`;
}

function lastProof({ lastProof: proof }: StatusReport, nowMs: number): string {
  if (proof === null) return 'Last proof: none.';
  const { ok, lostSamples, provedAtMs, completeToMs, run } = proof;
  const verdict = ok ? 'nothing lost' : lostSamples > 0 ? `LOST ${formatCount(lostSamples)} samples` : 'LOST data';
  const to = completeToMs === null ? '' : `, complete to ${formatTime(completeToMs)}`;
  return `Last proof: ${verdict}, ${formatAge(provedAtMs, nowMs)} (run ${run}${to}).`;
}
