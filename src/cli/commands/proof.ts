import { resolve } from 'node:path';
import { followSymlinks } from '../../config/data-root.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { plural } from '../../model/counted.ts';
import {
  findConflict,
  findUnreadBefore,
  isGoodVerdict,
  provesNothing,
  type TsdbProof,
} from '../../model/tsdb-proof.ts';
import { shellWord } from '../../model/shell-word.ts';
import { observeProof } from '../../observations/proof.ts';
import { isOpenedPipe } from '../../observations/read-pipe.ts';
import type { CommandContext, CommandInput, CommandResult } from '../command.ts';

/** `holdfast proof A B`: what of A is in B, to the sample. */
export async function runProof(input: CommandInput, context: CommandContext): Promise<CommandResult> {
  const [before = '', after = ''] = await Promise.all(
    input.arguments.map(async (path) => placeOf(resolve(context.workingDirectory, path))),
  );
  const readers = await context.world.openTsdb();
  const proof = await observeProof({ before, after, retentionMs: input.flags.retention }, readers, {
    progress: (progress) => context.reporter.progress(progress),
    signal: context.signal,
  });
  return {
    value: proof,
    error: isGoodVerdict(proof) ? (unread(proof) ?? nothing(proof) ?? conflicting(proof)) : notProved(proof),
    text: async (style) => {
      const { renderTsdbProof } = await import('../../report/render-tsdb-proof.ts');
      return renderTsdbProof(proof, style);
    },
  };
}

/** What stands for an opened pipe leads to no path. */
async function placeOf(path: string): Promise<string> {
  return (await isOpenedPipe(path)) ? path : followSymlinks(path);
}

function unread(proof: TsdbProof): HoldfastError | undefined {
  const { before } = proof;
  const hidden = findUnreadBefore(proof);
  const [first] = hidden;
  if (first === undefined) return undefined;
  return new HoldfastError('not-decided', {
    message: `All that can be read of ${before.path} is there, but not all of it can be read: ${first.message} Both were only looked at.`,
    remedy:
      before.kind === 'directory'
        ? `Run \`holdfast check\` on ${before.path}: it says what is damaged.`
        : 'Run `holdfast check` on the directory of which it was taken: it says what is damaged.',
    details: { unreadable: hidden.length },
  });
}

function conflicting(proof: TsdbProof): HoldfastError | undefined {
  const conflict = findConflict(proof);
  if (conflict === undefined) return undefined;
  return new HoldfastError('not-decided', {
    message: `Every sample of ${proof.before.path} that is counted is there, but not every value: ${conflict.message} Both were only looked at.`,
    remedy: `Keep ${proof.before.path} until it is known which values are right; \`holdfast inventory\` says when they are.`,
  });
}

/** Whoever names the wrong directory first would else be told that nothing was lost. */
function nothing(proof: TsdbProof): HoldfastError | undefined {
  if (!provesNothing(proof)) return undefined;
  const { before, inventory } = proof;
  return new HoldfastError('nothing-to-prove', {
    message: `${before.path} holds no sample, so there was nothing to prove, and nothing is proved. Both were only looked at.`,
    remedy: `Look whether it is what was meant: ls -la ${shellWord(before.path)}`,
    details: { before: before.path, samplesOfAfter: inventory.totals.samples },
  });
}

function notProved({ before, after, lost, undecided }: TsdbProof): HoldfastError {
  if (lost.windows.length > 0) {
    const atLeast = lost.windows.some(({ exact }) => !exact) ? 'At least ' : '';
    return new HoldfastError('samples-lost', {
      message: `${atLeast}${plural(lost.samples, 'sample')} of ${before.path} are not in ${after.path} as they were, in ${plural(lost.windows.length, 'window')} of two hours. Both were only looked at.`,
      remedy: `Keep ${before.path} until what is missing has been put back.`,
      details: { lost: { samples: lost.samples, windows: lost.windows.slice(0, 5) } },
    });
  }
  return new HoldfastError('not-decided', {
    message: `Whether ${undecided.samples} samples of ${before.path} are all in ${after.path} cannot be told from sums: ${undecided.windows[0]?.reason ?? ''}. Both were only looked at.`,
    remedy: 'Name the two directories in the place of files; where one of them is written to, try again.',
    details: { undecided: { samples: undecided.samples, windows: undecided.windows.slice(0, 5) } },
  });
}
