import { join } from 'node:path';
import type { ProcessComponent, VolumeComponent } from '../model/component.ts';
import { dataDirectoryInVolume, paths } from '../model/paths.ts';
import type { RenderInput } from './rendered-component.ts';

/** Absolute path of a file in the component's rendered directory. */
export function renderedPath(input: RenderInput, file: string): string {
  return join(input.dataRoot, paths.rendered(input.component), file);
}

/** Absolute path of the directory where the component's program finds its data. */
export function dataPath(input: RenderInput, component: VolumeComponent & ProcessComponent): string {
  return join(input.dataRoot, paths.volume(component), dataDirectoryInVolume[component] ?? '');
}

/** Absolute path of the file that holds the stack's password. */
export function passwordPath(input: RenderInput): string {
  return join(input.dataRoot, paths.password);
}
