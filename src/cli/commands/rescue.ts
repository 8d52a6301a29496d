import { resolve } from 'node:path';
import { followSymlinks } from '../../config/data-root.ts';
import { surveyShare } from '../../observations/rescue/survey-share.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { isNotUtf8, notUtf8Remedy } from '../../model/not-utf8.ts';
import type { RescueSurvey } from '../../model/found-volume.ts';
import { findAdoptWords } from '../adopt-words.ts';
import type { CommandContext, CommandInput, CommandResult } from '../command.ts';

/** `holdfast rescue ROOT`: what a share full of directories holds. */
export async function runRescue(input: CommandInput, context: CommandContext): Promise<CommandResult> {
  const root = await followSymlinks(resolve(context.workingDirectory, input.arguments[0] ?? ''));
  const survey = await surveyShare(root, {
    progress: (progress) => context.reporter.progress(progress),
    signal: context.signal,
  });
  return {
    value: survey,
    ...(survey.unreadable.length === 0 ? {} : { error: unreadable(root, survey) }),
    text: async (style) => {
      const { renderSurvey } = await import('../../report/render-survey.ts');
      const adoptWords = await findAdoptWords(input.flags, context);
      return renderSurvey(root, survey, { style, nowMs: context.now(), adoptWords });
    },
  };
}

/** A survey with holes in it is no whole one: somebody might discard what it did not see. */
function unreadable(root: string, { unreadable: places }: RescueSurvey): HoldfastError {
  const [first] = places;
  return new HoldfastError('io', {
    message: `${places.length === 1 ? 'One place' : `${places.length} places`} below ${root} could not be looked into: ${first?.path} (${first?.reason}). Nothing was changed.`,
    remedy: places.every(({ path }) => isNotUtf8(path))
      ? notUtf8Remedy
      : 'Run the same command as a user who may read all of it, or on a directory further down.',
    details: { places: places.slice(0, 20) },
  });
}
