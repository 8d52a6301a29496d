import type { PrometheusReader } from '../adapters/prometheus/prometheus-reader.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { TsdbListing } from '../model/block.ts';
import type { Finding } from '../model/finding.ts';
import type { Inventory } from '../model/inventory.ts';
import { chooseHeadWindows, chooseOlderWindows } from '../rules/choose-windows.ts';
import { listTsdb } from '../tsdb/list-blocks.ts';
import { askWindows, type AskOptions, type UnansweredMetric, type WindowAnswers } from './ask-windows.ts';
import type { InventoryWorld, TakeInventoryOptions } from './take-inventory.ts';

/** What one witness says of Prometheus' samples: its own answers, or meta.json alone. */
export type TsdbPart = Pick<
  Inventory,
  'completeToMs' | 'newestMs' | 'witness' | 'prometheusVersion' | 'windows' | 'findings'
>;

export async function listWorld({ dataDirectory }: InventoryWorld): Promise<TsdbListing> {
  return dataDirectory === null ? nothing : listTsdb(dataDirectory);
}

const mostRounds = 3;

/**
 * The head, and the blocks that it begins behind. Should it have been cut into a block since they were listed, what was cut
 * is in neither, so both are looked at again; and once more where the questions took so long that more has come in than
 * two scrape intervals bring.
 */
export async function askSettledHead(
  first: TsdbListing,
  older: WindowAnswers,
  options: TakeInventoryOptions,
): Promise<{ readonly listing: TsdbListing; readonly tsdb: TsdbPart }> {
  const { world, now } = options;
  const lateMs = 1.5 * Math.max(world.scrapeIntervalMs, 1000);
  let listing = first;
  for (let round = 1; round <= mostRounds; round += 1) {
    const tsdb = await askHead(listing, older, options);
    const listed = await listWorld(world);
    const isWhole = listed.newestBlockMs === listing.newestBlockMs;
    const isLate = tsdb.completeToMs !== null && now() - tsdb.completeToMs > lateMs;
    if (isWhole && (!isLate || round > 1)) return { listing, tsdb };
    listing = listed;
  }
  throw new HoldfastError('component-api', {
    message: 'Prometheus cuts its head into blocks faster than an inventory can be taken. Nothing was stopped.',
    remedy: 'Run the same command again.',
  });
}

const nothing: TsdbListing = {
  blocks: [],
  broken: [],
  walBytes: 0,
  headChunksBytes: 0,
  newestBlockMs: null,
  oldestBlockMs: null,
  hasWal: false,
};
export const noAnswers: WindowAnswers = { windows: [], unanswered: [] };

export async function askOlder(
  listing: TsdbListing,
  prometheus: PrometheusReader,
  options: TakeInventoryOptions,
): Promise<WindowAnswers> {
  const questions = [];
  for (const window of chooseOlderWindows(listing)) {
    const range = { fromMs: window.fromMs, toMs: window.toMs - 1 };
    questions.push({ window, metrics: await prometheus.listMetricNames(range, options.signal) });
  }
  return askWindows(questions, await askOptions(prometheus, options));
}

async function askHead(listing: TsdbListing, older: WindowAnswers, options: TakeInventoryOptions): Promise<TsdbPart> {
  const { world, signal } = options;
  const { prometheus } = world;
  if (prometheus === null) return metaOnly(listing, options);
  const head = await prometheus.head(signal);
  const ask = await askOptions(prometheus, options);
  const namesFromMs = Math.max(listing.newestBlockMs ?? 0, head.minMs ?? 0);
  const metrics = await prometheus.listMetricNames({ fromMs: namesFromMs, toMs: Math.round(options.now()) }, signal);
  // A sample bears the time at which its scrape began, and a scrape may take up to its interval until it is committed.
  const completeToMs = Math.floor(options.now() - Math.max(world.scrapeIntervalMs, 1000));
  const windows = chooseHeadWindows({ newestBlockMs: listing.newestBlockMs, headMinMs: head.minMs, completeToMs });
  const answers = await askWindows(
    windows.map((window) => ({ window, metrics })),
    ask,
  );
  return {
    completeToMs: head.maxMs === null && listing.newestBlockMs === null ? null : completeToMs,
    newestMs: newestOf(head.maxMs, listing),
    witness: 'prometheus',
    prometheusVersion: ask.version,
    windows: [...older.windows, ...answers.windows],
    findings: [...older.unanswered, ...answers.unanswered].slice(0, 20).map(unansweredMetric),
  };
}

async function askOptions(prometheus: PrometheusReader, options: TakeInventoryOptions): Promise<AskOptions> {
  return {
    prometheus,
    version: await prometheus.version(options.signal),
    signal: options.signal,
    onAnswer: (done, total) => options.progress?.({ done, total, unit: 'items', text: 'questions to Prometheus' }),
  };
}

function newestOf(headMaxMs: number | null, listing: TsdbListing): number | null {
  const newestInBlocks = listing.newestBlockMs === null ? null : listing.newestBlockMs - 1;
  if (headMaxMs === null) return newestInBlocks;
  return Math.max(headMaxMs, newestInBlocks ?? headMaxMs);
}

export function metaOnly(listing: TsdbListing, { world, isCounted = false }: TakeInventoryOptions): TsdbPart {
  const newestInBlocks = listing.newestBlockMs === null ? null : listing.newestBlockMs - 1;
  return {
    completeToMs: newestInBlocks,
    newestMs: newestOf(world.newestMs, listing),
    witness: 'meta',
    prometheusVersion: null,
    windows: [],
    findings: listing.hasWal ? [isCounted ? countedHead : unprovenHead(newestInBlocks)] : [],
  };
}

const countedHead: Finding = {
  rule: 'head-by-bytes-alone',
  severity: 'info',
  object: 'prometheus',
  message: 'Prometheus does not answer, so what its WAL holds is in the baseline by its bytes alone.',
  remedy: 'Nothing to do; with a stack that runs, there are two witnesses.',
};

function unprovenHead(newestInBlocks: number | null): Finding {
  const from = newestInBlocks === null ? 'the beginning' : new Date(newestInBlocks).toISOString();
  return {
    rule: 'unproven-head',
    severity: 'warning',
    object: 'prometheus',
    message: `Prometheus does not answer, so what its WAL holds after ${from} is not in the baseline and cannot be proved.`,
    remedy: 'For a complete proof, start the stack with holdfast up before the rebuild.',
  };
}

function unansweredMetric(metric: UnansweredMetric): Finding {
  return {
    rule: 'unanswered-metric',
    severity: 'warning',
    object: metric.metric,
    message: `Prometheus could not count ${metric.metric} from ${new Date(metric.fromMs).toISOString()} to ${new Date(metric.toMs).toISOString()}: ${metric.reason}`,
    remedy: 'Look at its log: holdfast logs prometheus',
  };
}
