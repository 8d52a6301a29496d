import { mainFile, openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { runCommand } from '../harness/run-command.ts';
import { atMost, median, withoutTarget, type Figure } from './figure.ts';

interface Contestant {
  readonly name: string;
  readonly words: readonly string[];
}

/** How long the command takes to start, beside `node -e 0`: each once in turn, many times, so that a busy moment hits all. */
export async function measureStartUp(repetitions: number): Promise<readonly Figure[]> {
  const holdfast = await openHoldfast();
  try {
    await holdfast.succeed(['up']);
    const times = await race(holdfast, contestantsOf(holdfast), repetitions);
    const node = median(times.get('node') ?? []);
    const ratio = (name: string) => {
      const ms = median(times.get(name) ?? []);
      return { name: `${name} / node -e 0`, value: ms / node, unit: 'ratio', from: { ms, nodeMs: node } } as const;
    };
    return [
      atMost(1.3, ratio('--version')),
      atMost(2, ratio('status')),
      withoutTarget(ratio('status with a config file')),
      withoutTarget(ratio('--help')),
    ];
  } finally {
    await holdfast.cleanUp();
  }
}

function contestantsOf({ dataRoot, configFile }: Holdfast): readonly Contestant[] {
  return [
    { name: 'node', words: ['-e', '0'] },
    { name: '--version', words: [mainFile(), '--version'] },
    { name: 'status', words: [mainFile(), '--data', dataRoot, 'status', '--json'] },
    {
      name: 'status with a config file',
      words: [mainFile(), '--config', configFile, '--data', dataRoot, 'status', '--json'],
    },
    { name: '--help', words: [mainFile(), '--help'] },
  ];
}

async function race(
  { environment }: Holdfast,
  contestants: readonly Contestant[],
  repetitions: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
  // The first round warms the page cache and does not count.
  for (let round = 0; round <= repetitions; round += 1) {
    for (const { name, words } of contestants) {
      const { exitCode, tookMs, stderr } = await runCommand(process.execPath, words, { environment });
      if (exitCode !== 0) throw new Error(`${words.join(' ')}: exit ${exitCode}\n${stderr}`);
      if (round > 0) times.get(name)?.push(tookMs);
    }
  }
  return times;
}
