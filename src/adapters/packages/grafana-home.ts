import { realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Grafana's home path, where its defaults and pages lie: beside the bin directory of the archive, or in share/grafana as
 * its own packages have it. Undefined where there is none: the program alone cannot run.
 */
export async function findGrafanaHome(program: string): Promise<string | undefined> {
  const prefix = dirname(dirname(await realpath(program)));
  for (const home of [prefix, join(prefix, 'share/grafana')]) {
    const defaults = await stat(join(home, 'conf/defaults.ini')).catch(() => undefined);
    if (defaults?.isFile() === true) return home;
  }
  return undefined;
}
