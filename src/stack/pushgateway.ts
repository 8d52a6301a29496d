import { join } from 'node:path';
import { dataPath } from './stack-paths.ts';
import { debianWebAssets } from './debian-web-assets.ts';
import type { Launch, RenderInput } from './rendered-component.ts';
import { renderWebConfig, renderWebFlags } from './web-config.ts';

/** Pushgateway writes its one file a minute after a push at the latest, and on SIGTERM. */
export function renderPushgateway(input: RenderInput): Launch {
  return {
    files: [renderWebConfig(input)],
    arguments: [
      ...renderWebFlags(input),
      ...debianWebAssets(input.program, 'pushgateway'),
      `--persistence.file=${join(dataPath(input, 'pushgateway'), 'pushgateway.data')}`,
      '--persistence.interval=1m',
    ],
    environment: { TZ: 'UTC' },
    workingDirectory: input.program.workingDirectory ?? input.dataRoot,
  };
}
