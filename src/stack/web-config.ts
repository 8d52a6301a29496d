import { stringify } from 'yaml';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { listenAddress } from './component-address.ts';
import { renderedPath } from './stack-paths.ts';
import type { RenderedFile, RenderInput } from './rendered-component.ts';

/** The file by which Prometheus, Alertmanager, Pushgateway and node-exporter ask for the stack's user and password. */
export function renderWebConfig(input: RenderInput): RenderedFile {
  const content = stringify({ basic_auth_users: { [input.user]: input.passwordHash } });
  return { path: webConfigFile, content, mode: 0o600 };
}

/** The flags for where to listen and whom to let in. Throws `program-unavailable` where the program lets everybody in. */
export function renderWebFlags(input: RenderInput): readonly string[] {
  const { program, stack, component } = input;
  const flag = webConfigFlags.find((name) => program.flags.includes(name));
  if (flag === undefined) {
    throw new HoldfastError('program-unavailable', {
      message: `${program.path} (${program.name} ${program.version}) knows no --web.config.file: it could not ask for a password, so ${component} is not started.`,
      remedy: `Take a newer ${program.name}: name it under programs: in the config, or take it out there.`,
    });
  }
  return [
    `--web.listen-address=${listenAddress(stack.config, component)}`,
    `--${flag}=${renderedPath(input, webConfigFile)}`,
  ];
}

const webConfigFile = 'web-config.yml';

/** node_exporter named it `web.config` before 1.5. */
const webConfigFlags = ['web.config.file', 'web.config'];
