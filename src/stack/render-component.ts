import { createHash } from 'node:crypto';
import type { ProcessComponent } from '../model/component.ts';
import { renderAlertmanager } from './alertmanager.ts';
import { componentAddress } from './component-address.ts';
import { renderGrafana } from './grafana.ts';
import { renderNodeExporter } from './node-exporter.ts';
import { renderPrometheus } from './prometheus.ts';
import { renderPushgateway } from './pushgateway.ts';
import type { Launch, RenderedComponent, RenderInput } from './rendered-component.ts';

/**
 * All that a component is launched with, from nothing but its input. Throws `bad-config` for a file of the user's that
 * cannot be used, and `program-unavailable` for a program that cannot ask for a password.
 */
export function renderComponent(input: RenderInput): RenderedComponent {
  const launch = renderers[input.component](input);
  return {
    ...launch,
    address: componentAddress(input.stack.config, input.component),
    digest: digestOf(launch, input),
  };
}

const renderers: { readonly [C in ProcessComponent]: (input: RenderInput) => Launch } = {
  prometheus: renderPrometheus,
  alertmanager: renderAlertmanager,
  pushgateway: renderPushgateway,
  'node-exporter': renderNodeExporter,
  grafana: renderGrafana,
};

/** The program counts with its path and its bytes: another build of the same version is another launch. */
function digestOf(launch: Launch, { program }: RenderInput): string {
  const canonical = JSON.stringify([
    launch.files.map(({ path, content, mode }) => [path, content, mode]).sort(byFirst),
    launch.arguments,
    Object.entries(launch.environment).sort(byFirst),
    launch.workingDirectory,
    [program.path, program.sha256],
  ]);
  return createHash('sha256').update(canonical).digest('hex');
}

function byFirst(a: readonly unknown[], b: readonly unknown[]): number {
  return String(a[0]) < String(b[0]) ? -1 : 1;
}
