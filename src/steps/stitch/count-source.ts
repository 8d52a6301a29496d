import { findCountedSource } from '../../data-root/stitch-files.ts';
import { writeFileAtomically } from '../../files/atomic-file.ts';
import type { Handler } from '../../model/handler.ts';
import type { CountedSource, CountSourceStep } from '../../model/stitch-step.ts';
import { requireUnchanged, taskOptions, type StitchDependencies } from './stitch-dependencies.ts';

/** What there is before anything of it is taken: the first side of the proof. */
export function createCountSourceHandler({ runTask }: StitchDependencies): Handler<CountSourceStep> {
  return {
    isDone: async ({ file, source }) => {
      const found = await findCountedSource(file);
      return found?.directory === source.directory && found.fingerprint === source.fingerprint;
    },
    apply: async ({ source, file }, context) => {
      const { directory, fingerprint } = source;
      await requireUnchanged(source);
      const task = { kind: 'inventory', directory, settledMs: null } as const;
      const { totals, windows } = await runTask(task, taskOptions(context, directory));
      await requireUnchanged(source);
      const counted: CountedSource = {
        format: 1,
        directory,
        fingerprint,
        totals: { series: totals.series, samples: totals.samples, staleMarkers: totals.staleMarkers },
        windows: windows.map(({ fromMs, samples, staleMarkers, digest }) => ({
          fromMs,
          samples,
          staleMarkers,
          digest,
        })),
      };
      await writeFileAtomically(file, `${JSON.stringify(counted)}\n`, { mode: 0o600 });
    },
  };
}
