import { holdFiles } from '../../src/tsdb/files/held-files.ts';
import { checkTsdb, type CheckedTsdb } from '../../src/tsdb/check/check-tsdb.ts';

/** A check in this process, from a consistent view as the command takes it. */
export function checkDirectory(directory: string, isLive = false): CheckedTsdb {
  const files = holdFiles(directory);
  try {
    return checkTsdb({ directory, files, isLive, onRead: () => undefined });
  } finally {
    files.close();
  }
}

/** Findings as `severity rule file`, with `@offset` where there is one. */
export function said({ findings }: CheckedTsdb): readonly string[] {
  return findings.map(
    ({ severity, rule, file, offset }) => `${severity} ${rule} ${file}${offset === null ? '' : `@${offset}`}`,
  );
}
