import type { RepairedBlock, RepairProof } from '../model/repair-step.ts';
import { printable, type Style } from './style.ts';
import { formatCount, plural } from './time.ts';

/** What a repair kept and what is gone, for people. */
export function renderRepairProof(proof: RepairProof, folder: string, style: Style): readonly string[] {
  const { kept, lost, undecided, regained, gone, blocks, segments } = proof;
  const isGood = lost.samples + lost.staleMarkers + undecided.windows.length === 0;
  return [
    style.bold(
      `${printable(proof.directory)}: ${plural(kept.samples, 'sample')} in ${formatCount(kept.series)} series can be read.`,
    ),
    ...(isGood
      ? [`kept      every one of the ${plural(proof.readableBefore.samples, 'sample')} that could be read before`]
      : []),
    ...lostLines(lost).map((line) => style.red(line)),
    ...(undecided.windows.length > 0 ? [style.red(`UNKNOWN   ${plural(undecided.samples, 'sample')}`)] : []),
    ...(regained > 0 ? [`regained  ${plural(regained, 'sample')} that no Prometheus would have read any more`] : []),
    `gone      ${goneWords(gone)}`,
    ...blocks.flatMap(blockLines).map((line) => `  ${line}`),
    ...segments.map(({ path, recordsKept, bytesLost }) => {
      return `  ${printable(path)}: ${plural(recordsKept, 'record')} kept, ${plural(bytesLost, 'byte')} damaged`;
    }),
    `The originals are in ${printable(folder)}; its manifest.json says why. Nothing was deleted.`,
  ];
}

function lostLines({ samples, staleMarkers, series }: RepairProof['lost']): readonly string[] {
  if (samples + staleMarkers === 0) return [];
  const stale = staleMarkers === 0 ? '' : ` and ${plural(staleMarkers, 'stale marker')}`;
  const named = series.listed.map(
    (one) => `  ${printable(one.series)}: ${plural(one.missing + one.changed, 'sample')}`,
  );
  const more = series.more === 0 ? [] : [`  and ${series.more} more series`];
  return [`LOST      ${plural(samples, 'sample')}${stale} that could be read before`, ...named, ...more];
}

function goneWords({ blockSamples, walBytes }: RepairProof['gone']): string {
  const samples =
    blockSamples === null
      ? 'an unknown number of samples of blocks'
      : `${plural(blockSamples, 'sample')} of blocks, as they had counted them`;
  return walBytes === 0 ? samples : `${samples}, and ${plural(walBytes, 'byte')} of the WAL`;
}

function blockLines({ ulid, to, counted, kept, isReplaced, isInHead, undeleted }: RepairedBlock): readonly string[] {
  if (isReplaced) return [`${ulid}: a newer block, which is whole, holds its samples`];
  const of = counted === null ? '' : ` of ${counted.samples}`;
  if (isInHead) return [`${ulid}: ${plural(kept.samples, 'sample')}${of} are answered from the WAL`];
  if (to === null) return [`${ulid}: nothing could be kept${of}`];
  const back = undeleted ? [`${to}: what had been deleted of ${ulid} is there again; its tombstones were damaged`] : [];
  return [`${ulid} -> ${to}: ${plural(kept.samples, 'sample')}${of} kept`, ...back];
}
