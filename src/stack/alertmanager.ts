import { HoldfastError } from '../errors/holdfast-error.ts';
import { renderAlertmanagerConfig } from './alertmanager-config.ts';
import { componentAddress } from './component-address.ts';
import { dataPath, renderedPath } from './stack-paths.ts';
import type { Launch, RenderInput } from './rendered-component.ts';
import { renderWebConfig, renderWebFlags } from './web-config.ts';

/** Alertmanager alone: without gossip it opens no port on all addresses. */
export function renderAlertmanager(input: RenderInput): Launch {
  return {
    files: [{ path: configFile, content: configText(input), mode: 0o600 }, renderWebConfig(input)],
    arguments: [
      `--config.file=${renderedPath(input, configFile)}`,
      `--storage.path=${dataPath(input, 'alertmanager')}`,
      '--data.retention=120h',
      ...renderWebFlags(input),
      `--web.external-url=${componentAddress(input.stack.config, 'alertmanager')}`,
      '--cluster.listen-address=',
    ],
    environment: { TZ: 'UTC' },
    workingDirectory: input.program.workingDirectory ?? input.dataRoot,
  };
}

const configFile = 'alertmanager.yml';

function configText({ stack, alertmanagerConfig }: RenderInput): string {
  const path = stack.config.alertmanager.config;
  if (path === null) return renderAlertmanagerConfig(null);
  if (alertmanagerConfig !== null) return renderAlertmanagerConfig({ path, text: alertmanagerConfig });
  throw new HoldfastError('bad-config', {
    message: `alertmanager.config: ${path} was not read, and Alertmanager is not started with a config that notifies nobody in its place.`,
    remedy: 'Put the file back, or change alertmanager.config in the config file.',
  });
}
