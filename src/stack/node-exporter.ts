import type { Launch, RenderInput } from './rendered-component.ts';
import { renderWebConfig, renderWebFlags } from './web-config.ts';

/** node-exporter with the collectors that its builder chose. */
export function renderNodeExporter(input: RenderInput): Launch {
  return {
    files: [renderWebConfig(input)],
    arguments: renderWebFlags(input),
    environment: { TZ: 'UTC' },
    workingDirectory: input.program.workingDirectory ?? input.dataRoot,
  };
}
