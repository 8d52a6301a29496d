import { HoldfastError } from '../errors/holdfast-error.ts';
import type { RunSummary } from '../model/run.ts';

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
