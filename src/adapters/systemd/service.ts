import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { writeFileAtomically } from '../../files/atomic-file.ts';
import { crontabLine } from './crontab-line.ts';
import { renderUnit, type ServiceScope, type UnitInput } from './render-unit.ts';

export interface ServiceOptions extends Pick<UnitInput, 'scope' | 'dataRoot' | 'command' | 'environment'> {
  readonly homeDirectory: string;
  /** What systemctl itself needs: PATH, XDG_RUNTIME_DIR, DBUS_SESSION_BUS_ADDRESS, HOME. */
  readonly toolEnvironment: Readonly<Record<string, string | undefined>>;
  /** Ends a daemon that runs already and leaves its components to the service's one. */
  readonly handOver: () => Promise<void>;
  /** Where /etc and /run are looked for; `/`. */
  readonly systemRoot?: string;
  readonly signal: AbortSignal;
}

/** A type and not an interface, so that it may stand where further members are allowed. */
export type ServiceReport = {
  readonly scope: ServiceScope;
  readonly unit: string;
  readonly installed: boolean;
  readonly active: boolean;
  /** False where a user's service begins only with the user's first login; null for a system service. */
  readonly lingers: boolean | null;
};

/** One unit for each data root, by the path that it is installed for. */
export function unitNameOf(dataRoot: string): string {
  return `holdfast-${createHash('sha256').update(dataRoot).digest('hex').slice(0, 8)}.service`;
}

/**
 * Installs, enables and starts the unit. The daemon that runs already hands over to it, so that nothing is stopped. Throws
 * `service-failed` where systemd is not there or would not.
 */
export async function installService(options: ServiceOptions): Promise<ServiceReport> {
  await refuseWithoutSystemd(options);
  const unit = unitNameOf(options.dataRoot);
  const directory = unitDirectory(options);
  await mkdir(directory, { recursive: true });
  await mkdir(join(options.dataRoot, 'logs'), { recursive: true, mode: 0o700 });
  await writeFileAtomically(join(directory, unit), renderUnit({ ...options, userId: await userIdOf(options) }), {
    mode: 0o644,
  });
  await systemctl(options, 'daemon-reload');
  await systemctl(options, 'enable', unit);
  // Without it a user's service ends with the last logout, and does not begin at boot.
  if (options.scope === 'user') await run(options, 'loginctl', ['enable-linger']).catch(() => undefined);
  if (!(await isActive(options, unit))) {
    await options.handOver();
    await systemctl(options, 'start', unit);
  }
  return readService(options);
}

/** Removes the unit and leaves everything running that runs. */
export async function uninstallService(options: ServiceOptions): Promise<ServiceReport> {
  const unit = unitNameOf(options.dataRoot);
  const path = join(unitDirectory(options), unit);
  if (await exists(path)) {
    await refuseWithoutSystemd(options);
    await systemctl(options, 'disable', unit);
    await rm(path, { force: true });
    await systemctl(options, 'daemon-reload');
  }
  return readService(options);
}

/** Never throws for a missing systemd: then nothing is active. */
export async function readService(options: ServiceOptions): Promise<ServiceReport> {
  const { scope } = options;
  const unit = unitNameOf(options.dataRoot);
  const installed = await exists(join(unitDirectory(options), unit));
  const lingers = scope === 'user' ? await hasLinger(options) : null;
  return { scope, unit, installed, active: installed && (await isActive(options, unit)), lingers };
}

function unitDirectory({ scope, homeDirectory, systemRoot = '/' }: ServiceOptions): string {
  return scope === 'system' ? join(systemRoot, 'etc/systemd/system') : join(homeDirectory, '.config/systemd/user');
}

/** A system service runs as the owner of the data root, who may not be root. */
async function userIdOf({ scope, dataRoot }: ServiceOptions): Promise<number | null> {
  const { uid } = await stat(dataRoot);
  return scope === 'user' || uid === 0 ? null : uid;
}

async function isActive(options: ServiceOptions, unit: string): Promise<boolean> {
  return run(options, 'systemctl', [...scopeFlags(options), 'is-active', '--quiet', unit]).then(
    () => true,
    () => false,
  );
}

async function hasLinger(options: ServiceOptions): Promise<boolean> {
  const said = await run(options, 'loginctl', ['show-user', '--property=Linger']).catch(() => '');
  return said.includes('Linger=yes');
}

/** sd_booted(3): the directory exists where systemd runs as the init system. A user's manager must answer as well. */
async function refuseWithoutSystemd(options: ServiceOptions): Promise<void> {
  const booted = await exists(join(options.systemRoot ?? '/', 'run/systemd/system'));
  const why = booted ? await findSilence(options) : 'this machine was not booted with systemd';
  if (why === undefined) return;
  throw new HoldfastError('service-failed', {
    message: `The service cannot be installed: ${why}. The stack goes on as it is.`,
    remedy: `Add this line with \`crontab -e\`: ${crontabLine(options.command)}`,
    details: { scope: options.scope },
  });
}

async function findSilence(options: ServiceOptions): Promise<string | undefined> {
  return run(options, 'systemctl', [...scopeFlags(options), 'show-environment']).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

async function systemctl(options: ServiceOptions, ...args: readonly string[]): Promise<void> {
  try {
    await run(options, 'systemctl', [...scopeFlags(options), ...args]);
  } catch (error) {
    throw new HoldfastError('service-failed', {
      message: `systemctl ${args.join(' ')} failed: ${error instanceof Error ? error.message : String(error)}. The stack goes on as it is.`,
      remedy: `Look at \`journalctl ${scopeFlags(options).join(' ')} -u ${unitNameOf(options.dataRoot)}\`, then run the same command again.`,
      cause: error,
    });
  }
}

function scopeFlags({ scope }: ServiceOptions): readonly string[] {
  return scope === 'user' ? ['--user'] : [];
}

/** Rejects with what the program wrote to stderr. */
function run(options: ServiceOptions, program: string, args: readonly string[]): Promise<string> {
  const { toolEnvironment, signal } = options;
  const settings = { env: { ...toolEnvironment, SYSTEMD_PAGER: '' }, timeout: 60_000, maxBuffer: 2 ** 20, signal };
  return new Promise((resolve, reject) => {
    execFile(program, [...args], { ...settings, encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT') reject(new Error(`there is no ${program} on this machine`));
      else reject(new Error(stderr.trim().split('\n')[0] || error.message, { cause: error }));
    });
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
