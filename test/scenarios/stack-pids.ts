import type { Holdfast } from '../harness/holdfast.ts';
import type { StatusReport } from '../../src/model/status.ts';

/** The pid of every component that runs, by its name. */
export async function readPids(holdfast: Holdfast): Promise<Readonly<Record<string, number>>> {
  const { components } = await readStatus(holdfast);
  return Object.fromEntries(components.flatMap(({ name, pid }) => (pid === null ? [] : [[name, pid]])));
}

/** The pid of the daemon; throws where there is none. */
export async function readDaemonPid(holdfast: Holdfast): Promise<number> {
  const { daemon } = await readStatus(holdfast);
  if (daemon === null) throw new Error('No daemon looks after this data root.');
  return daemon.pid;
}

/** Without the config file, which a test may just have spoilt. */
async function readStatus(holdfast: Holdfast): Promise<StatusReport> {
  return (await holdfast.run(['status', '--data', holdfast.dataRoot], { bare: true })).json as StatusReport;
}
