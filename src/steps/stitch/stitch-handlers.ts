import type { Handlers } from '../../model/handler.ts';
import type { StitchStep } from '../../model/stitch-step.ts';
import { beginStitchHandler } from './begin-stitch.ts';
import { createCountSourceHandler } from './count-source.ts';
import { createDropLosersHandler } from './drop-losers.ts';
import { createOpenResultHandler } from './open-result.ts';
import { createProveStitchHandler } from './prove-stitch.ts';
import { createPublishStitchHandler } from './publish-stitch.ts';
import type { StitchDependencies } from './stitch-dependencies.ts';
import { takeBlockHandler } from './take-block.ts';
import { createWriteHeadHandler } from './write-head.ts';

export function createStitchHandlers(dependencies: StitchDependencies): Handlers<StitchStep> {
  return {
    'begin-stitch': beginStitchHandler,
    'count-source': createCountSourceHandler(dependencies),
    'take-block': takeBlockHandler,
    'write-head': createWriteHeadHandler(dependencies),
    'drop-losers': createDropLosersHandler(dependencies),
    'open-result': createOpenResultHandler(dependencies),
    'prove-stitch': createProveStitchHandler(dependencies),
    'publish-stitch': createPublishStitchHandler(dependencies),
  };
}
