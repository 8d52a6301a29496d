import { readFile } from 'node:fs/promises';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { processComponents, type ProcessComponent } from '../model/component.ts';
import type { InstalledProgram } from '../model/program.ts';
import type { StackFile } from '../model/stack-file.ts';
import { effectiveRetention } from '../rules/retention.ts';
import { renderComponent } from '../stack/render-component.ts';
import type { RenderedComponent, UserFile } from '../stack/rendered-component.ts';

export interface RenderFromStackInput {
  readonly stack: StackFile;
  readonly component: ProcessComponent;
  /** Every program that is here. */
  readonly installed: readonly InstalledProgram[];
  readonly dataRoot: string;
  readonly secrets: { readonly user: string; readonly passwordHash: string };
}

/**
 * What a component is launched with, from stack.json, the programs that are here and the user's own files. Undefined
 * where its program is not here. The planners and the supervisor both come through here, so their digests agree.
 */
export async function renderFromStack(input: RenderFromStackInput): Promise<RenderedComponent | undefined> {
  const { stack, component, installed, dataRoot, secrets } = input;
  const program = installed.find((candidate) => candidate.name === programOf(component));
  if (program === undefined) return undefined;
  const { alertmanager, prometheus } = stack.config;
  const isFor = (name: ProcessComponent) => component === name;
  return renderComponent({
    stack,
    component,
    program,
    dataRoot,
    retention: effectiveRetention(stack.retention),
    user: secrets.user,
    passwordHash: secrets.passwordHash,
    present: processComponents.filter((name) => isPresent(programOf(name), input)),
    alertmanagerConfig:
      alertmanager.config === null || !isFor('alertmanager')
        ? null
        : await readUserFile(alertmanager.config, 'alertmanager.config'),
    scrapeFiles: isFor('prometheus') ? await readUserFiles(prometheus.scrapeFiles, 'prometheus.scrapeFiles') : [],
    ruleFiles: isFor('prometheus') ? await readUserFiles(prometheus.ruleFiles, 'prometheus.ruleFiles') : [],
  });
}

/** A pinned program that must be got again is not gone for good: nothing else restarts to forget its component. */
function isPresent(name: InstalledProgram['name'], { stack, installed }: RenderFromStackInput): boolean {
  if (installed.some((program) => program.name === name)) return true;
  const isPinned = stack.programs.some((pin) => pin.name === name);
  return isPinned && !stack.unavailable.some(({ program }) => program === name);
}

/** The program that a component is. */
export function programOf(component: ProcessComponent): InstalledProgram['name'] {
  return component === 'node-exporter' ? 'node_exporter' : component;
}

async function readUserFiles(filePaths: readonly string[], key: string): Promise<readonly UserFile[]> {
  return Promise.all(filePaths.map(async (path) => ({ path, text: await readUserFile(path, key) })));
}

const maximumBytes = 4 * 2 ** 20;

async function readUserFile(path: string, key: string): Promise<string> {
  try {
    const text = await readFile(path, 'utf8');
    if (text.length <= maximumBytes) return text;
  } catch (error) {
    throw new HoldfastError('bad-config', {
      message: `${key}: ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      remedy: `Put the file back, or change ${key} in the config file.`,
      cause: error,
    });
  }
  throw new HoldfastError('bad-config', {
    message: `${key}: ${path} is larger than 4 MiB.`,
    remedy: `Name the right file under ${key} in the config file.`,
  });
}
