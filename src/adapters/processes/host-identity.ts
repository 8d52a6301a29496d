import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

export interface HostIdentity {
  readonly host: string;
  readonly bootId: string;
}

export interface HostIdentityOptions {
  readonly procRoot: string;
  readonly machineIdFile: string;
}

/** The first process-id namespace of a machine always has this number (linux/proc_ns.h PROC_PID_INIT_INO). */
const initialPidNamespace = 'pid:[4026531836]';

/**
 * Names this host and its boot. Containers often share their image's machine-id, and a pid means another process in each
 * of them, so a container also says its hostname, which survives its restart.
 */
export function readHostIdentity({ procRoot, machineIdFile }: HostIdentityOptions): HostIdentity {
  const machineId = readText(machineIdFile);
  const name = hostname();
  const known = machineId !== undefined && /^[0-9a-f]{32}$/.test(machineId);
  const base = known ? machineId : name;
  const host = known && isContainer(procRoot) ? `${base}/${name}` : base;
  return { host, bootId: readBootId(procRoot) };
}

function isContainer(procRoot: string): boolean {
  try {
    return readlinkSync(join(procRoot, 'self/ns/pid')) !== initialPidNamespace;
  } catch {
    return false;
  }
}

/** Some sandboxes have no boot_id; the boot time in /proc/stat tells boots apart as well. */
function readBootId(procRoot: string): string {
  const bootId = readText(join(procRoot, 'sys/kernel/random/boot_id'));
  if (bootId !== undefined && bootId !== '') return bootId;
  const bootTime = /^btime (\d+)$/m.exec(readText(join(procRoot, 'stat')) ?? '')?.[1];
  return `btime-${bootTime ?? 'unknown'}`;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
