export type ServiceScope = 'user' | 'system';

export interface UnitInput {
  readonly scope: ServiceScope;
  /** Absolute. */
  readonly dataRoot: string;
  /** Absolute path of node, and what runs `holdfast daemon`. */
  readonly command: { readonly path: string; readonly arguments: readonly string[] };
  readonly environment: Readonly<Record<string, string>>;
  /** User id that a system service runs as, or null for root and for a user's own service. */
  readonly userId: number | null;
}

/** The unit's text: systemd.service(5), systemd.exec(5), systemd.kill(5). Pure. */
export function renderUnit({ scope, dataRoot, command, environment, userId }: UnitInput): string {
  const variables = { ...environment, HOLDFAST_SERVICE: scope };
  return [
    '[Unit]',
    `Description=Holdfast keeps the monitoring stack in ${literal(dataRoot)}`,
    // A volume that is not mounted yet would look like one that is gone.
    `RequiresMountsFor=${quote(dataRoot)}`,
    ...(scope === 'system' ? ['Wants=network-online.target', 'After=network-online.target'] : []),
    '',
    '[Service]',
    ...(userId === null ? [] : [`User=${userId}`]),
    `ExecStart=${[quote(command.path), ...command.arguments.map(quoteArgument)].join(' ')}`,
    ...Object.entries(variables).map(([name, value]) => `Environment=${quote(`${name}=${value}`)}`),
    // A daemon that dies leaves its components running, and the next one takes them over.
    'KillMode=process',
    'Restart=on-failure',
    'RestartSec=1',
    // Refusals and locks (docs/reference/exit-codes.md) do not go away by trying again.
    'RestartPreventExitStatus=2 10 11',
    // The sum of what the components may take to write their files.
    'TimeoutStopSec=600',
    // By default systemd would stop the whole stack because the kernel has killed one component.
    'OOMPolicy=continue',
    `StandardOutput=append:${literal(dataRoot)}/logs/daemon.log`,
    'StandardError=inherit',
    'LimitNOFILE=65536',
    '',
    '[Install]',
    `WantedBy=${scope === 'system' ? 'multi-user.target' : 'default.target'}`,
    '',
  ].join('\n');
}

/** An item in double quotes with C escapes; a percent sign would begin a specifier (systemd.syntax(7)). */
function quote(text: string): string {
  return `"${literal(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** In the arguments of a command line, and not in its program, a dollar sign begins a variable too. */
function quoteArgument(text: string): string {
  return quote(text).replaceAll('$', () => '$$');
}

function literal(text: string): string {
  if (/[\n\r\0]/.test(text)) throw new RangeError('A systemd unit cannot hold a path or value with a line break.');
  return text.replaceAll('%', '%%');
}
