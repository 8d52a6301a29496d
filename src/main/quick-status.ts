import { resolve } from 'node:path';
import { askStatus } from '../adapters/daemon/ask-status.ts';
import { followSymlinks, resolveDataRoot } from '../config/data-root.ts';
import { nameDataRootIn, namingReplacer, type NameDataRoot } from '../report/name-data-root.ts';
import { renderStatus } from '../report/render-status.ts';
import { createStyle } from '../report/style.ts';
import { failUnlessLeft } from './fail-unless-left.ts';
import type { HostProcess } from './host-process.ts';

export type TellQuickStatus = (host: HostProcess) => Promise<boolean>;

/**
 * `holdfast status` of a stack that is as it should be, and nothing else: what a person or a check calls again and again.
 * It is built into one file, without the command line and the schemas, which take most of the time of a start. False,
 * with nothing written, for anything that it does not know at once; then the whole program answers.
 */
export const tellQuickStatus: TellQuickStatus = async (host) => {
  const flags = readFlags(host.arguments);
  if (flags === undefined || (host.environment['HOLDFAST_CONFIG'] ?? '') !== '') return false;
  const dataRoot = await findDataRoot(flags.data, host);
  if (dataRoot === undefined) return false;
  const status = await askStatus({ dataRoot, holdfastVersion: host.version });
  if (status?.ok !== true) return false;
  const { stream, isTerminal, columns } = host.stdout;
  stream.on('error', failUnlessLeft);
  const hasColor = isTerminal && (host.environment['NO_COLOR'] ?? '') === '' && host.environment['TERM'] !== 'dumb';
  const style = createStyle({ hasColor, columns: isTerminal && columns !== 0 ? columns : undefined });
  const named = flags.data === undefined ? undefined : resolve(host.workingDirectory, flags.data);
  const name: NameDataRoot = (words) => (named === undefined ? words : nameDataRootIn(words, named));
  const text = flags.json
    ? JSON.stringify(status, namingReplacer(name))
    : name(renderStatus(status, Date.now(), style).join('\n'));
  stream.write(`${text}\n`);
  return true;
};

interface QuickFlags {
  readonly json: boolean;
  readonly data: string | undefined;
}

/** Only these words, each at most once: anything else is for the parser that explains mistakes. */
function readFlags(words: readonly string[]): QuickFlags | undefined {
  const left = [...words];
  const take = (index: number, count: number): string | undefined => left.splice(index, count).at(-1);
  const dataAt = left.indexOf('--data');
  const data = dataAt === -1 ? undefined : take(dataAt, 2);
  if (dataAt !== -1 && (data === undefined || data === '' || data.startsWith('-'))) return undefined;
  const jsonAt = left.indexOf('--json');
  if (jsonAt !== -1) take(jsonAt, 1);
  return left.length === 1 && left[0] === 'status' ? { json: jsonAt !== -1, data } : undefined;
}

async function findDataRoot(flag: string | undefined, host: HostProcess): Promise<string | undefined> {
  const { environment, workingDirectory } = host;
  try {
    const named = resolveDataRoot({
      flag,
      environment: environment['HOLDFAST_DATA'],
      file: undefined,
      xdgDataHome: environment['XDG_DATA_HOME'],
      home: environment['HOME'],
      workingDirectory,
    });
    return await followSymlinks(named);
  } catch {
    return undefined;
  }
}
