import type { FoundProgram } from '../adapters/packages/program-store.ts';
import { createPrometheusOpener } from '../adapters/prometheus/prometheus-opener.ts';
import type { Processes } from '../adapters/processes/processes.ts';
import type { StitchChoice, StitchWorld } from '../cli/command.ts';
import { createStitchHandlers } from '../steps/stitch/stitch-handlers.ts';
import type { HostProcess } from './host-process.ts';
import { openPrograms } from './open-programs.ts';
import { openTasks } from './open-tsdb.ts';

/** How a stitch meets this host, with the Prometheus that is to open its result. */
export async function openStitch(host: HostProcess, processes: Processes, choice: StitchChoice): Promise<StitchWorld> {
  const prometheus = await findPrometheus(host, processes, choice);
  const opener = createPrometheusOpener(processes);
  return {
    prometheus,
    handlers: createStitchHandlers({ runTask: openTasks(host), now: Date.now, opener, prometheus }),
  };
}

/** The one that the stack has pinned, where it is here; else the newest of this machine. */
async function findPrometheus(
  host: HostProcess,
  processes: Processes,
  { pin, configured, skips }: StitchChoice,
): Promise<FoundProgram> {
  if (skips) return { program: null, reason: '--unsafe-skip-opening says so' };
  const programs = openPrograms(host, processes);
  const pinned = pin === undefined ? undefined : await programs.find(pin, configured);
  return pinned === undefined ? programs.findInstalled('prometheus', configured) : { program: pinned };
}
