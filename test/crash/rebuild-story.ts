import { join } from 'node:path';
import { openAsker, type Asker } from '../harness/ask-components.ts';
import { sendSignal } from '../harness/end-processes.ts';
import type { Holdfast, JsonResult } from '../harness/holdfast.ts';
import { copyBlocks, dayMs, listBlocksOf, makeBlocks, type MadeBlocks } from '../harness/make-blocks.ts';
import type { RunningCommand } from '../harness/run-command.ts';
import { progressOf, type Moment, type StampedLine } from './rebuild-moments.ts';

export type Victim = 'command' | 'daemon' | 'both';

/** What was in the stack before a rebuild, and must be in it afterwards. */
export interface Treasure {
  readonly silences: readonly string[];
  readonly pushed: Readonly<Record<string, string>>;
  readonly head: Answer;
}

/** What Prometheus has answered at a fixed time, and must answer ever after. */
interface Answer {
  readonly atMs: number;
  readonly values: Readonly<Record<string, string>>;
}

const headExpression = 'count_over_time(up[5m])';
const fixtureExpression = 'count_over_time(fixture_value[30d])';
const pushedExpression = '{__name__="pushed_by_story"}';

/** A stack whose history begins days ago: blocks of three days are taken in before its first start. */
export async function openOldStack(holdfast: Holdfast): Promise<{ readonly made: MadeBlocks; readonly asker: Asker }> {
  const made = await makeBlocks({ endsBeforeNowMs: dayMs, spanMs: 3 * dayMs, everyMs: 60_000, series: 4 });
  // Named as Prometheus' own directory, in the test's own, since adopt leaves it as it was.
  const source = join(holdfast.directory, 'old-prometheus');
  await copyBlocks(made.directory, source);
  await holdfast.succeed(['adopt', source, '--as', 'prometheus']);
  await holdfast.succeed(['up']);
  return { made, asker: await openAsker(holdfast) };
}

/** Puts one more silence and one more pushed metric into the stack, and notes all that is in it by now. */
export async function fillStack(asker: Asker, name: string): Promise<Treasure> {
  await asker.silence(name);
  await asker.push(name, 'pushed_by_story', 42);
  await asker.waitForSeries(`pushed_by_story{job="${name}"}`);
  const silences = await asker.listSilences();
  const pushed = await asker.query(pushedExpression, Date.now());
  // Younger samples may still be on their way into the head, or be the last before the stop.
  const atMs = Date.now() - 3_000;
  return { silences, pushed, head: { atMs, values: await asker.query(headExpression, atMs) } };
}

/** What is missing of all that, in words; nothing is what should come back. */
export async function findMissing(
  { holdfast, made, asker }: { readonly holdfast: Holdfast; readonly made: MadeBlocks; readonly asker: Asker },
  before: Treasure,
): Promise<readonly string[]> {
  const silences = new Set(await asker.listSilences());
  const lostSilences = before.silences.filter((id) => !silences.has(id)).map((id) => `silence ${id}`);
  const pushed = await asker.waitForSeries(pushedExpression);
  const lostPushed = Object.keys(before.pushed).filter((labels) => pushed[labels] !== before.pushed[labels]);
  const head = await asker.query(headExpression, before.head.atMs);
  const lostHead = Object.entries(before.head.values).filter(([labels, count]) => head[labels] !== count);
  return [
    ...lostSilences,
    ...lostPushed.map((labels) => `pushed metric ${labels}`),
    ...lostHead.map(([labels, count]) => `${count} samples of up${labels}, of which ${head[labels] ?? 0} are left`),
    ...(await findMissingBlocks(holdfast, made)),
    ...(await findMissingFixture(asker, made)),
  ];
}

/** A block may have been compacted into another one since; then that names it among its parents' parents. */
async function findMissingBlocks(holdfast: Holdfast, made: MadeBlocks): Promise<readonly string[]> {
  const blocks = await listBlocksOf(holdfast.path('volumes', 'prometheus', 'prometheus-db'));
  const present = new Set(blocks.flatMap(({ ulid, sources }) => [ulid, ...sources]));
  return made.blocks.filter((ulid) => !present.has(ulid)).map((ulid) => `block ${ulid}`);
}

async function findMissingFixture(asker: Asker, made: MadeBlocks): Promise<readonly string[]> {
  const counts = Object.values(await asker.query(fixtureExpression, made.newestMs + 1));
  const found = counts.reduce((sum, count) => sum + Number(count), 0);
  return found === made.samples ? [] : [`${made.samples - found} of ${made.samples} samples of the fixture`];
}

export const rebuildWords = ['rebuild', '--confirm', 'monitoring'];

/** A rebuild that nobody disturbs, with the time of every line that it wrote. */
export async function timeRebuild(
  holdfast: Holdfast,
): Promise<{ readonly lines: readonly StampedLine[]; readonly tookMs: number }> {
  const startedAtMs = performance.now();
  const command = holdfast.start(rebuildWords);
  const lines: StampedLine[] = [];
  onLine(command, (text) => lines.push({ atMs: Math.round(performance.now() - startedAtMs), text }));
  const { exitCode, stdout, stderr, tookMs } = await command.outcome;
  if (exitCode !== 0) throw new Error(`An undisturbed rebuild fails: exit ${exitCode}\n${stdout}\n${stderr}`);
  return { lines, tookMs };
}

export interface KilledRebuild {
  /** False where the command had ended before its moment came. */
  readonly struck: boolean;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last begin or end of a step that it had written. */
  readonly last: string;
}

/** Starts a rebuild, kills the victims with SIGKILL at that moment, and returns once the command has ended. */
export async function killRebuild(holdfast: Holdfast, moment: Moment, victim: Victim): Promise<KilledRebuild> {
  const daemonPid = (await holdfast.status()).daemon?.pid;
  const command = holdfast.start(rebuildWords);
  const ended = command.outcome.then(() => false);
  const struck = await Promise.race([reachMoment(command, moment).then(() => true), ended]);
  if (struck) {
    if (victim !== 'command' && daemonPid !== undefined) sendSignal(daemonPid, 'SIGKILL');
    if (victim !== 'daemon') sendSignal(command.pid, 'SIGKILL');
  }
  const { exitCode, signal, stdout } = await command.outcome;
  const progress = stdout.split('\n').map(progressOf);
  return { struck, exitCode, signal, last: progress.findLast((line) => line !== undefined) ?? 'nothing yet' };
}

async function reachMoment(command: RunningCommand, moment: Moment): Promise<void> {
  return new Promise((resolve) => {
    if (moment.kind === 'time') setTimeout(resolve, moment.afterMs).unref();
    else {
      let seen = 0;
      onLine(command, (text) => {
        if (progressOf(text) === moment.line && (seen += 1) > moment.occurrence) resolve();
      });
    }
  });
}

function onLine(command: RunningCommand, tell: (text: string) => void): void {
  let rest = '';
  command.child.stdout?.on('data', (part: string) => {
    const lines = (rest + part).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(tell);
  });
}

/** What the proof says is lost, and its sum, for an assertion that shows all of it. */
export function lossOf({ proof }: JsonResult): unknown {
  if (proof === undefined || proof === null) return 'there is no proof';
  const { lost, components } = proof;
  // Where no daemon knows any more that Grafana is unavailable, a proof names it as unchecked.
  const asked = components.filter(({ name, lost: count, checked }) => name !== 'grafana' || checked || count > 0);
  return { ...lost, components: asked.map(({ name, lost: count, missing }) => ({ name, count, missing })) };
}

export const nothingLost = {
  samples: 0,
  windows: [],
  components: [
    { name: 'alertmanager', count: 0, missing: [] },
    { name: 'pushgateway', count: 0, missing: [] },
  ],
};
