import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface PromtoolBlocks {
  readonly into: string;
  readonly startMs: number;
  readonly hours: number;
  readonly everyMs: number;
  readonly series: number;
  /** Of sample `at` of series `series`. */
  readonly valueOf: (series: number, at: number) => number;
}

/** Blocks of two hours, written by promtool: `check_value{job,series}`. */
export async function makeBlocksByPromtool(promtool: string, blocks: PromtoolBlocks): Promise<void> {
  const { into, startMs, hours, everyMs, series, valueOf } = blocks;
  await mkdir(into, { recursive: true });
  const lines = ['# TYPE check_value gauge'];
  const samples = (hours * 3_600_000) / everyMs;
  for (let number = 0; number < series; number += 1) {
    for (let at = 0; at < samples; at += 1) {
      const labels = `{job="job${number % 3}",series="${number}"}`;
      lines.push(`check_value${labels} ${valueOf(number, at)} ${(startMs + at * everyMs) / 1000}`);
    }
  }
  const text = join(into, 'samples.om');
  await writeFile(text, `${lines.join('\n')}\n# EOF\n`);
  await run(promtool, ['tsdb', 'create-blocks-from', '-q', 'openmetrics', text, into], { maxBuffer: 2 ** 26 });
  await rm(text);
}
