import { Findings, type FindingsState } from '../findings.ts';
import { filesOf, type CountedUnits, type CountUnitsTask } from '../threads/helper-task.ts';
import { SharedWork } from '../threads/shared-work.ts';
import { ConflictSums } from './conflict-sums.ts';
import { countBlocks } from './count-blocks.ts';
import { LateSamples } from './late-samples.ts';
import { Tally } from './tally.ts';
import { WindowGrid } from './window-grid.ts';

/** Counts units until nobody has any left, as a helper of the thread that counts the head. */
export function countUnits(task: CountUnitsTask): CountedUnits {
  const tally = new Tally(new WindowGrid(task.cutMs));
  const late = LateSamples.of(task.late);
  const conflicts = new ConflictSums(task.conflicts);
  const work = new SharedWork(task.work);
  tally.watch(late);
  for (const fromMs of task.sharedWindows) tally.share(fromMs);
  const found: [number, FindingsState][] = [];
  for (let number = work.takeUnit(); number < task.units.length; number = work.takeUnit()) {
    const { blocks, part } = task.units[number] as CountUnitsTask['units'][number];
    const findings = new Findings();
    countBlocks(blocks, {
      files: filesOf(task),
      tally,
      late,
      conflicts,
      headFromMs: task.headFromMs,
      onDamage: (damage) => findings.addBlockDamage(damage),
      onConflict: (conflict) => findings.addConflict(conflict),
      onRead: (bytes) => work.addBytes(bytes),
      ...(part !== undefined && { part }),
    });
    found.push([number, findings.takeState()]);
  }
  return { tally: tally.takeState(), findings: found };
}
