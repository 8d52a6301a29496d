import { buildPrometheus3 } from '../harness/build-prometheus3.mjs';
import { fetchTestPrograms } from '../harness/fetch-test-programs.mjs';

/** Debian's Prometheus and promtool, and a current one; why there is none is the reason of what is skipped. */
export async function setup(): Promise<void> {
  const log = (line: string) => console.error(line);
  const { directory } = await fetchTestPrograms({ log });
  if (directory !== null) process.env['HOLDFAST_TEST_PROGRAMS'] = directory;
  const { path, reason } = await buildPrometheus3({ log });
  if (path !== null) process.env['HOLDFAST_TEST_PROMETHEUS3'] = path;
  else process.env['HOLDFAST_TEST_PROMETHEUS3_MISSING'] = reason;
}
