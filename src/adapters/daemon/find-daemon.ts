import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { daemonFileSchema, type DaemonFile } from '../../contract/daemon-api.ts';
import { findJsonFile } from '../../files/read-json-file.ts';
import { paths } from '../../model/paths.ts';
import type { ProcessReader } from '../processes/processes.ts';

/** The living daemon of this very data root; that of another one which this was copied from is none. */
export async function findDaemon(dataRoot: string, processes: ProcessReader): Promise<DaemonFile | undefined> {
  const file = await findJsonFile(join(dataRoot, paths.daemon), daemonFileSchema);
  if (file === undefined || file.identity.host !== processes.self().host) return undefined;
  const info = await stat(dataRoot);
  if (info.dev !== file.dataRoot.device || info.ino !== file.dataRoot.inode) return undefined;
  return (await processes.isAlive(file.identity)) ? file : undefined;
}
