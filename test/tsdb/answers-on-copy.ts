import { cp, rm } from 'node:fs/promises';
import { openFixture, type FixtureOptions } from './prometheus.ts';

export interface Question {
  readonly query: string;
  readonly atMs: number;
}

/** How many samples a Prometheus answers on a copy, at its first start and at its second; none where it does not start. */
export async function answersOnCopy(
  options: FixtureOptions,
  data: string,
  { query, atMs }: Question,
): Promise<readonly number[]> {
  const fixture = await openFixture(options);
  try {
    await rm(fixture.data, { recursive: true });
    await cp(data, fixture.data, { recursive: true });
    const answers: number[] = [];
    for (let start = 0; start < 2; start += 1) {
      if (!(await fixture.startOrEnd())) return answers;
      const { body } = await fixture.ask(`/api/v1/query?query=${encodeURIComponent(query)}&time=${atMs / 1000}`);
      answers.push(Number(/"(\d+)"\]/.exec(body)?.[1]));
      await fixture.stop('SIGKILL');
    }
    return answers;
  } finally {
    await fixture.cleanUp();
  }
}
