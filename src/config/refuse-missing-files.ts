import { access, constants } from 'node:fs/promises';
import type { ConfigFile } from './load.ts';
import { badConfig, showKey, sortMistakes, type KeyPath, type Mistake } from './mistakes.ts';

/**
 * Throws `bad-config` for every file that the config names and that cannot be read, at its position. Only for verbs that
 * are about to use them: a rule file that has gone must not keep anybody from looking or stopping.
 */
export async function refuseMissingFiles(file: ConfigFile): Promise<void> {
  const mistakes = await Promise.all(listNamedFiles(file).map((named) => checkFile(named, file)));
  const found = mistakes.filter((mistake) => mistake !== undefined);
  if (found.length > 0) throw badConfig(file.path, sortMistakes(found));
}

interface NamedFile {
  readonly key: KeyPath;
  readonly path: string;
}

function listNamedFiles({ values }: ConfigFile): readonly NamedFile[] {
  const { prometheus, alertmanager, programs } = values;
  const lists = (['scrapeFiles', 'ruleFiles'] as const).flatMap((name) =>
    (prometheus?.[name] ?? []).map((path, index) => ({ key: ['prometheus', name, index], path })),
  );
  const config = alertmanager?.config;
  return [
    ...lists,
    ...(typeof config === 'string' ? [{ key: ['alertmanager', 'config'], path: config }] : []),
    ...Object.entries(programs ?? {}).flatMap(([name, path]) =>
      typeof path === 'string' ? [{ key: ['programs', name], path }] : [],
    ),
  ];
}

async function checkFile({ key, path }: NamedFile, file: ConfigFile): Promise<Mistake | undefined> {
  // A pattern stands for the files that match it when the configuration is rendered.
  if (path.includes('*')) return undefined;
  try {
    await access(path, constants.R_OK);
    return undefined;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const message = `${path} ${isMissing ? 'does not exist' : 'cannot be read'}`;
    return { ...file.positionOf(key), key: showKey(key), message };
  }
}
