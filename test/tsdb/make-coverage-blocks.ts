import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const everyMs = 15_000;

interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What is missing of the blocks below, in ms behind their beginning: [from, to). */
export const missing = {
  /** Of everything. */
  stop: { fromMs: 3 * hourMs, toMs: 3 * hourMs + 20 * minuteMs },
  /** Of the job node, while its target is down. */
  down: { fromMs: 7 * hourMs, toMs: 7 * hourMs + 10 * minuteMs },
  /** Of the job quiet, with no word of why. */
  quiet: { fromMs: 9 * hourMs, toMs: 9 * hourMs + 5 * minuteMs },
  /** One scrape of the job node. */
  once: { fromMs: 6 * hourMs, toMs: 6 * hourMs + everyMs },
} as const;

/** The job brief is there for three hours. */
export const brief: Stretch = { fromMs: 2 * hourMs + 30 * minuteMs, toMs: 5 * hourMs + 30 * minuteMs };

export const spanMs = 12 * hourMs;
export const intervalMs = everyMs;

/** Six blocks of two hours by promtool: the jobs node, quiet and brief, and `up` of node. Returns how many samples. */
export async function makeCoverageBlocks(promtool: string, into: string, startMs: number): Promise<number> {
  await mkdir(into, { recursive: true });
  const lines = ['# TYPE load gauge'];
  for (const instance of ['a', 'b']) {
    lines.push(
      ...series(`load{job="node",instance="${instance}"}`, isScraped([missing.stop, missing.down, missing.once])),
    );
  }
  lines.push(...series('load{job="quiet"}', isScraped([missing.stop, missing.quiet])));
  lines.push(...series('load{job="brief"}', (at) => isIn(brief, at) && !isIn(missing.stop, at)));
  lines.push('# TYPE up gauge');
  lines.push(
    ...series('up{job="node",instance="a"}', isScraped([missing.stop]), (at) => (isIn(missing.down, at) ? 0 : 1)),
  );
  const text = join(into, 'samples.om');
  await writeFile(text, `${lines.join('\n')}\n# EOF\n`);
  await run(promtool, ['tsdb', 'create-blocks-from', '-q', 'openmetrics', text, into], { maxBuffer: 2 ** 26 });
  await rm(text);
  return lines.length - 2;

  function series(name: string, isThere: (at: number) => boolean, valueAt = (at: number) => at / everyMs): string[] {
    const found: string[] = [];
    for (let at = 0; at < spanMs; at += everyMs) {
      if (isThere(at)) found.push(`${name} ${valueAt(at)} ${(startMs + at) / 1000}`);
    }
    return found;
  }
}

function isScraped(without: readonly Stretch[]): (at: number) => boolean {
  return (at) => !without.some((stretch) => isIn(stretch, at));
}

function isIn({ fromMs, toMs }: Stretch, at: number): boolean {
  return at >= fromMs && at < toMs;
}
