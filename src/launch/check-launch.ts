import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ConfigChecker } from '../adapters/checkers/config-checker.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { joinInside } from '../files/paths-guard.ts';
import { paths } from '../model/paths.ts';
import { renderFromStack, type RenderFromStackInput } from './render-from-stack.ts';

export interface CheckLaunchInput extends RenderFromStackInput {
  readonly component: 'prometheus' | 'alertmanager';
  readonly check: ConfigChecker;
  /** Where a folder for the time of the check may be made. */
  readonly temporaryDirectory: string;
  readonly signal: AbortSignal;
}

const checkers = {
  prometheus: {
    program: 'promtool',
    words: ['check', 'config'],
    file: 'prometheus.yml',
    keys: 'prometheus.scrapeFiles and ruleFiles',
  },
  alertmanager: { program: 'amtool', words: ['check-config'], file: 'alertmanager.yml', keys: 'alertmanager.config' },
} as const;

/**
 * Asks the component's own checker about what it would be launched with, before anything that runs is stopped for it.
 * The rendering goes to a private folder outside the data root, which is only read. Returns the refusal, or undefined
 * where the checker accepts it or is not here.
 */
export async function checkLaunch(input: CheckLaunchInput): Promise<HoldfastError | undefined> {
  const { component, check, dataRoot, signal } = input;
  const { program, words, file, keys } = checkers[component];
  const checker = input.installed.find(({ name }) => name === program);
  if (checker === undefined) return undefined;
  const root = await mkdtemp(join(input.temporaryDirectory, 'holdfast-check-'));
  try {
    const rendered = await renderFromStack({ ...input, dataRoot: root });
    if (rendered === undefined) return undefined;
    // The configuration names the password's file, which the checker looks for.
    await symlink(join(dataRoot, paths.secrets), join(root, paths.secrets));
    const directory = join(root, paths.rendered(component));
    for (const { path, content, mode } of rendered.files) {
      const target = joinInside(directory, path);
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      await writeFile(target, content, { mode });
    }
    const complaint = await check(checker, [...words, join(directory, file)], signal);
    return complaint === undefined ? undefined : badConfig(component, keys, complaint.replaceAll(`${root}/`, ''));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function badConfig(component: string, keys: string, complaint: string): HoldfastError {
  return new HoldfastError('component-config', {
    message: `${component} would not start with this configuration: ${complaint}. Nothing was stopped or changed.`,
    remedy: `Mend the files that ${keys} of the config file name.`,
    details: { component, complaint },
  });
}
