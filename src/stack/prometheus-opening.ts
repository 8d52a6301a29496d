import { stringify } from 'yaml';
import type { OpeningDoor } from '../model/opening-door.ts';
import type { InstalledProgram } from '../model/program.ts';
import { debianWebAssets } from './debian-web-assets.ts';
import { lockFlags } from './prometheus.ts';
import { renderRetention, retentionFlag } from './prometheus-retention.ts';

/** A Prometheus that only opens what is there: it scrapes nothing, and no retention deletes anything. */
export interface PrometheusOpening {
  /** The text of its configuration. */
  readonly config: string;
  readonly argumentsFor: (door: OpeningDoor) => readonly string[];
}

export interface OpeningPlace {
  readonly data: string;
  /** Where the configuration lies. */
  readonly config: string;
}

/**
 * With its TSDB lock, on the loopback alone, with a password. Blocks are not made larger than two hours, so that it begins no
 * compaction, and since 3.0 those that overlap are not merged either: flags that have never been in the help.
 */
export function renderPrometheusOpening(program: InstalledProgram, { data, config }: OpeningPlace): PrometheusOpening {
  const retention = renderRetention({ timeMs: 0, sizeBytes: 0 });
  const isFlag = program.flags.includes(retentionFlag);
  return {
    config: stringify({
      global: { scrape_interval: '1h', evaluation_interval: '1h' },
      ...(isFlag ? {} : { storage: { tsdb: { retention } } }),
    }),
    argumentsFor: ({ port, webConfigFile }) => [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      '--storage.tsdb.max-block-duration=2h',
      ...(knowsOverlapping(program) ? ['--no-storage.tsdb.allow-overlapping-compaction'] : []),
      ...(isFlag ? [`--${retentionFlag}=${retention.time}`] : []),
      ...lockFlags(program),
      `--web.listen-address=127.0.0.1:${port}`,
      `--web.config.file=${webConfigFile}`,
      ...debianWebAssets(program, 'web'),
    ],
  };
}

function knowsOverlapping({ version }: InstalledProgram): boolean {
  return Number(version.split('.')[0]) >= 3;
}
