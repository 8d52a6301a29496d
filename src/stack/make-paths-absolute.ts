import { dirname, isAbsolute, join } from 'node:path';
import { isMap, isScalar, isSeq, visit, type Document, type Node, type Pair } from 'yaml';
import { parseUserYaml } from './parse-user-yaml.ts';
import type { UserFile } from './rendered-component.ts';

/**
 * The text of a user's YAML file with the relative paths in it made absolute, from the file's own directory. A text
 * without any is returned byte for byte. Throws `bad-config` with file:line:col for text that is no YAML.
 */
export function makePathsAbsolute(file: UserFile, key: string): string {
  const document = parseUserYaml(file, key);
  return rewritePaths(document, dirname(file.path)) ? document.toString({ lineWidth: 0 }) : file.text;
}

/** Makes relative paths in a document absolute and says whether there were any. */
export function rewritePaths(document: Document, directory: string): boolean {
  let changed = false;
  visit(document, {
    Pair: (_, pair) => {
      if (freeMaps.has(nameOf(pair))) return visit.SKIP;
      for (const node of pathNodes(pair)) {
        if (!isScalar(node) || typeof node.value !== 'string' || node.value === '' || isAbsolute(node.value)) continue;
        node.value = join(directory, node.value);
        changed = true;
      }
      return undefined;
    },
  });
  return changed;
}

/** Maps whose keys are the user's own words, so that a label named `config_file` is left alone. */
const freeMaps = new Set(['labels', 'params', 'match', 'match_re', 'details', 'headers', 'proxy_connect_header']);

/**
 * Where Prometheus and Alertmanager take paths: `..._file` (password_file, ca_file, slack_api_url_file), Alertmanager's
 * `templates`, and the `files` of file_sd_configs.
 */
function pathNodes(pair: Pair): readonly unknown[] {
  const name = nameOf(pair);
  if (name.endsWith('_file')) return [pair.value];
  if (name === 'templates') return itemsOf(pair.value);
  if (name !== 'file_sd_configs') return [];
  return itemsOf(pair.value).flatMap((entry) => (isMap(entry) ? itemsOf(entry.get('files', true)) : []));
}

function nameOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : '';
}

function itemsOf(node: unknown): readonly Node[] {
  return isSeq<Node>(node) ? node.items : [];
}
