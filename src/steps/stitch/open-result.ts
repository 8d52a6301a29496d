import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PrometheusReader } from '../../adapters/prometheus/prometheus-reader.ts';
import { findOpenedResult } from '../../data-root/stitch-files.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { writeFileAtomically, writeNewFile } from '../../files/atomic-file.ts';
import { withFsErrors } from '../../files/fs-errors.ts';
import { plural } from '../../model/counted.ts';
import type { Handler, StepContext } from '../../model/handler.ts';
import type { InstalledProgram } from '../../model/program.ts';
import type { OpenedResult, OpenResultStep } from '../../model/stitch-step.ts';
import { chooseOlderWindows } from '../../rules/choose-windows.ts';
import { renderPrometheusOpening } from '../../stack/prometheus-opening.ts';
import { listTsdb } from '../../tsdb/list-blocks.ts';
import { askWindows, type UnansweredMetric, type WindowQuestion } from '../ask-windows.ts';
import { linkView } from './link-view.ts';
import { notOpened, notReady } from './not-opened.ts';
import { exists, viewOf, type StitchDependencies } from './stitch-dependencies.ts';

/**
 * A real Prometheus opens a view of the blocks, must load all of them, and is asked for some hours of them. That is before
 * the proof, which reads every byte: whatever this Prometheus may have done to them, the proof comes after it.
 */
export function createOpenResultHandler(dependencies: StitchDependencies): Handler<OpenResultStep> {
  const { opener } = dependencies;
  return {
    isDone: async (step) => {
      const opened = await findOpenedResult(step.file);
      return opened?.run === step.run && !(await exists(viewOf(step)));
    },
    apply: async (step, context) => {
      const view = viewOf(step);
      await opener.endLeftOver(view);
      await removeView(view);
      try {
        const opened = await openView(step, context, dependencies);
        await removeView(view);
        await writeFileAtomically(step.file, `${JSON.stringify(opened, null, 2)}\n`, { mode: 0o600 });
        const { version, blocks, windows } = opened;
        context.say(
          `Prometheus ${version} opens ${plural(blocks, 'block')}, and has counted ${plural(windows.length, 'window')} of them`,
        );
      } finally {
        await removeView(view);
      }
    },
  };
}

async function removeView(view: string): Promise<void> {
  await withFsErrors(view, 'write', () => rm(view, { recursive: true, force: true }));
}

async function openView(
  step: OpenResultStep,
  context: StepContext,
  { opener, prometheus, now }: StitchDependencies,
): Promise<OpenedResult> {
  const program = requireProgram(step, prometheus);
  const view = viewOf(step);
  const place = { data: join(view, 'data'), config: join(view, 'prometheus.yml') };
  const blocks = await linkView(step.half, place.data);
  const { config, argumentsFor } = renderPrometheusOpening(program, place);
  await withFsErrors(place.config, 'write', () => writeNewFile(place.config, config, 0o600));
  const logFile = join(dirname(step.file), 'prometheus.log');
  const order = { program: program.path, directory: view, logFile, argumentsFor };
  const ask = (reader: PrometheusReader) => askOf(reader, step, context);
  const opening = await opener.open(order, ask, context.signal);
  const seen = { into: step.into, program, blocks, logFile, log: opening.log };
  if (opening.state === 'ended') throw notOpened(seen, 'ended by itself');
  if (opening.state === 'silent') throw notReady(seen, opening.reason);
  const { loaded, version, windows, unanswered } = opening.answer;
  if (loaded !== blocks.length) throw notOpened(seen, `has loaded ${loaded} of ${blocks.length} blocks`);
  const [first] = unanswered;
  if (first !== undefined) throw notOpened(seen, wordsOf(first));
  const { run } = step;
  return { format: 1, run, openedAtMs: now(), program: program.path, version, blocks: loaded, windows };
}

function wordsOf({ metric, fromMs, toMs, reason }: UnansweredMetric): string {
  const [from, to] = [fromMs, toMs].map((atMs) => new Date(atMs).toISOString());
  return `cannot count ${metric} from ${from ?? ''} to ${to ?? ''}: ${reason}`;
}

function requireProgram({ into }: OpenResultStep, found: StitchDependencies['prometheus']): InstalledProgram {
  if (found.program !== null) return found.program;
  throw new HoldfastError('program-unavailable', {
    message: `A Prometheus was to open what was made for ${into}, and now there is none: ${found.reason}. It was not put in its place, and the sources are as they were.`,
    remedy: 'Put one on the PATH, then run the same command again; or do without that look with --unsafe-skip-opening.',
  });
}

interface Answers {
  readonly loaded: number;
  readonly version: string;
  readonly windows: OpenedResult['windows'];
  readonly unanswered: readonly UnansweredMetric[];
}

async function askOf(prometheus: PrometheusReader, { half }: OpenResultStep, context: StepContext): Promise<Answers> {
  const { signal } = context;
  // First of all: in a minute it may begin to merge blocks that overlap.
  const loaded = await prometheus.countBlocks(signal);
  const version = await prometheus.version(signal);
  const questions: WindowQuestion[] = [];
  for (const window of chooseOlderWindows(await listTsdb(half))) {
    const range = { fromMs: window.fromMs, toMs: window.toMs - 1 };
    questions.push({ window, metrics: await prometheus.listMetricNames(range, signal) });
  }
  const onAnswer = (done: number, total: number): void =>
    context.progress({ done, total, unit: 'items', text: 'questions to Prometheus' });
  const { windows, unanswered } = await askWindows(questions, { prometheus, version, signal, onAnswer });
  return {
    loaded,
    version,
    unanswered,
    windows: windows.map(({ fromMs, toMs, metrics }) => ({
      fromMs,
      toMs,
      series: metrics.reduce((sum, { series }) => sum + series, 0),
      samples: metrics.reduce((sum, { samples }) => sum + samples, 0),
    })),
  };
}
