import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { paths } from '../../model/paths.ts';
import type { StatusReport } from '../../model/status.ts';
import { getOnce } from './get-once.ts';

export interface AskStatusOptions {
  readonly dataRoot: string;
  /** Our own: only a daemon of the very same build is believed without its answer being parsed again. */
  readonly holdfastVersion: string;
}

/** Longer than a daemon needs, and short enough where none answers: then the question is asked the other way. */
const deadlineMs = 2_000;

/**
 * The status as the daemon of this data root says it, in one question and without any schema: the quick way. Undefined
 * for every doubt: no daemon, another version, a copied data root, no answer in time. Then it is asked the thorough way.
 */
export async function askStatus({ dataRoot, holdfastVersion }: AskStatusOptions): Promise<StatusReport | undefined> {
  try {
    const daemon = JSON.parse(await readFile(join(dataRoot, paths.daemon), 'utf8')) as Partial<DaemonNote> | null;
    if (daemon?.holdfastVersion !== holdfastVersion || typeof daemon.socket !== 'string') return undefined;
    const info = await stat(dataRoot);
    if (daemon.dataRoot?.device !== info.dev || daemon.dataRoot.inode !== info.ino) return undefined;
    const report = (await getOnce(daemon.socket, '/v1/status', deadlineMs)) as Partial<StatusReport> | null | undefined;
    return report?.dataRoot === dataRoot ? (report as StatusReport) : undefined;
  } catch {
    return undefined;
  }
}

/** What of run/daemon.json is looked at here (contract/daemon-api.ts). */
interface DaemonNote {
  readonly socket: unknown;
  readonly holdfastVersion: unknown;
  readonly dataRoot: { readonly device: unknown; readonly inode: unknown };
}
