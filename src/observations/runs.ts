import { findStackFile } from '../data-root/stack-file.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { RunSummary } from '../model/run.ts';
import { locateTsdbOfStack, refuseLinkedQuarantine } from './tsdb-survey.ts';

/** All runs below a directory that has a journal. */
export type ListRuns = (root: string) => Promise<readonly RunSummary[]>;

/** Those of a data root, and the repairs of its Prometheus volume, whose journal lies in the quarantine; newest first. */
export async function listRunsOfStack(dataRoot: string, list: ListRuns): Promise<readonly RunSummary[]> {
  const runs = [...(await list(dataRoot)), ...(await listRepairs(dataRoot, list))];
  return runs.sort((one, other) => other.startedAtMs - one.startedAtMs || (one.run < other.run ? 1 : -1));
}

async function listRepairs(dataRoot: string, list: ListRuns): Promise<readonly RunSummary[]> {
  try {
    const stack = await findStackFile(dataRoot);
    if (stack === undefined) return [];
    const place = await locateTsdbOfStack(dataRoot, stack);
    await refuseLinkedQuarantine(place, undefined);
    return (await list(place.quarantine)).filter(({ verb }) => verb === 'repair');
  } catch (error) {
    // Every command that works on the volume says what is wrong with it.
    if (error instanceof HoldfastError && error.kind === 'refusal') return [];
    throw error;
  }
}

/** The run of that id, or of the only id that begins or ends with it. Throws `bad-arguments` for none and for several. */
export function getRun(runs: readonly RunSummary[], id: string): RunSummary {
  const exact = runs.find(({ run }) => run === id);
  if (exact !== undefined) return exact;
  const found = runs.filter(({ run }) => id !== '' && (run.startsWith(id) || run.endsWith(id)));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const several = found.map(({ run }) => run).join(', ');
  throw new HoldfastError('bad-arguments', {
    message: only === undefined ? `There is no run ${id}.` : `Several runs are called ${id}: ${several}.`,
    remedy: 'See `holdfast runs` for all of them.',
  });
}
