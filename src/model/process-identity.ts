/**
 * What names one process for ever: a pid alone is reused, so the host, its boot and the start time in clock ticks
 * since that boot (proc(5), /proc/pid/stat field 22) go with it.
 */
export interface ProcessIdentity {
  readonly host: string;
  readonly bootId: string;
  readonly pid: number;
  readonly startTicks: number;
}

export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.host === b.host && a.bootId === b.bootId && a.pid === b.pid && a.startTicks === b.startTicks;
}
