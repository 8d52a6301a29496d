import type { StatusReport } from '../model/status.ts';
import { renderFindings } from './render-findings.ts';
import { printable, type Style } from './style.ts';
import { renderTable } from './table.ts';
import { wrap } from './wrap.ts';

export interface UpSummary {
  readonly status: StatusReport;
  /** What stack.json says now. */
  readonly listen: string;
  /** Whom another machine would log in as with ssh. */
  readonly login: { readonly user: string; readonly host: string };
  readonly passwordPath: string;
}

/** The table that `up` ends with: what runs where, who gets in and how, and whether it comes back after a reboot. */
export function renderUp(summary: UpSummary, style: Style): readonly string[] {
  const { status, passwordPath } = summary;
  const columns = [{ head: 'COMPONENT' }, { head: 'STATE' }, { head: 'ADDRESS' }];
  const rows = status.components.map(({ name, state, address }) => [
    name,
    state,
    state === 'unavailable' ? '-' : (address ?? '-'),
  ]);
  const notes = [
    `User and password: \`holdfast credentials\` (the password is in ${printable(passwordPath)}).`,
    ...reach(summary),
    afterReboot(status),
  ];
  return [
    ...renderTable(columns, rows, style),
    ...status.components.flatMap(({ name, state, reason }) =>
      reason === null || state === 'running' ? [] : wrap(`${name}: ${printable(reason)}`, style.columns, '  '),
    ),
    '',
    ...notes.flatMap((note) => wrap(note, note.startsWith('  ssh') ? undefined : style.columns, '  ')),
    ...(status.findings.length === 0 ? [] : ['', ...renderFindings(status.findings, style)]),
  ];
}

/** Loopback is reached through ssh; anything else is reached as it is, by whoever gets there. */
function reach({ status, listen, login }: UpSummary): readonly string[] {
  const ports = status.components.flatMap(({ address, state }) => {
    if (address === null || !['running', 'starting'].includes(state)) return [];
    return [new URL(address).port];
  });
  if (!isLoopback(listen)) {
    const host = ['0.0.0.0', '::'].includes(listen) ? login.host : listen;
    const shown = host.includes(':') ? `[${host}]` : host;
    return [`From another machine: http://${shown}:PORT with the ports above, since \`listen: ${listen}\` is set.`];
  }
  const local = listen.includes(':') ? `[${listen}]` : listen;
  const tunnels = ports.map((port) => `-L ${port}:${local}:${port}`).join(' ');
  return [
    'From another machine: run this there and open the addresses above; or set `listen:` in the config file.',
    `  ssh ${tunnels} ${login.user}@${login.host}`,
  ];
}

function isLoopback(listen: string): boolean {
  return listen === 'localhost' || listen === '::1' || listen.startsWith('127.');
}

function afterReboot({ daemon }: StatusReport): string {
  if (daemon?.afterReboot === true) return 'After a reboot: systemd starts it again.';
  return 'After a reboot: nothing starts it again, unless you run `holdfast service install` now.';
}
