import { dirname } from 'node:path';
import { Document, isMap, isScalar, isSeq, type YAMLSeq } from 'yaml';
import { rewritePaths } from './make-paths-absolute.ts';
import { badUserFile, parseUserYaml } from './parse-user-yaml.ts';
import type { UserFile } from './rendered-component.ts';

/**
 * The scrape configs of the user's files as the text of one YAML list, to be written into prometheus.yml itself:
 * `scrape_config_files` is unknown before Prometheus 2.43, and the content belongs to what Prometheus is launched with.
 * The files have the same form, a map with `scrape_configs`. Empty where there are none. Throws `bad-config` for another
 * form and for a job name that is taken.
 */
export function renderScrapeFiles(files: readonly UserFile[], takenJobs: readonly string[]): string {
  const owners = new Map(takenJobs.map((job) => [job, 'Holdfast itself']));
  return files
    .map((file) => {
      const configs = scrapeConfigsOf(file);
      if (configs === undefined) return '';
      for (const job of configs.items.map((config) => jobName(config, file))) {
        const owner = owners.get(job);
        if (owner !== undefined) throw badUserFile(`${file.path}: the job ${job} is already scraped by ${owner}.`, key);
        owners.set(job, file.path);
      }
      return configs.items.length === 0 ? '' : listText(configs);
    })
    .join('');
}

const key = 'prometheus.scrapeFiles';

function scrapeConfigsOf(file: UserFile): YAMLSeq | undefined {
  const document = parseUserYaml(file, key);
  rewritePaths(document, dirname(file.path));
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === '')) return undefined;
  if (!isMap(contents) || contents.items.some((pair) => !isScalar(pair.key) || pair.key.value !== 'scrape_configs')) {
    throw badUserFile(`${file.path}: must be a map with scrape_configs and nothing else.`, key);
  }
  const configs = contents.get('scrape_configs', true);
  if (isSeq(configs)) return configs;
  if (configs === undefined || configs.value === '') return undefined;
  throw badUserFile(`${file.path}: scrape_configs must be a list.`, key);
}

function jobName(config: unknown, file: UserFile): string {
  const name = isMap(config) ? config.get('job_name') : undefined;
  if (typeof name === 'string' && name !== '') return name;
  throw badUserFile(`${file.path}: every entry of scrape_configs must be a map with a job_name.`, key);
}

/** Block style, so that lists of several files can follow one another. */
function listText(configs: YAMLSeq): string {
  configs.flow = false;
  return new Document(configs, { schema: 'failsafe' }).toString({ lineWidth: 0 });
}
