import { relative } from 'node:path/posix';
import { formatBytes } from '../model/bytes.ts';
import type { VolumeComponent } from '../model/component.ts';
import type { DiscardedVolume, FoundVolume, RescueSurvey } from '../model/found-volume.ts';
import { shellWord } from '../model/shell-word.ts';
import { printable, type Style } from './style.ts';
import { renderTable } from './table.ts';
import { formatAge, formatSecond, plural } from './time.ts';

export interface SurveyLayout {
  readonly style: Style;
  readonly nowMs: number;
  /** How an `adopt` of such a volume begins, as `holdfast adopt`. */
  readonly adoptWords: (kind: VolumeComponent) => string;
}

const columns = [
  { head: 'PATH' },
  { head: 'KIND' },
  { head: 'STACK OR CLAIM' },
  { head: 'USED BY' },
  { head: 'FROM' },
  { head: 'TO' },
  { head: 'SIZE', align: 'right' },
  { head: 'LAST WRITE' },
] as const;

/** A survey of a share for people: one row for each volume, then what is odd about them, then what could not be read. */
export function renderSurvey(
  root: string,
  survey: RescueSurvey,
  { style, nowMs, adoptWords }: SurveyLayout,
): readonly string[] {
  const { volumes, directories, unreadable } = survey;
  const aside = volumes.filter(isMovedAside).length;
  const orphans = volumes.filter((volume) => isOrphan(volume) && !isMovedAside(volume));
  const inUse = volumes.filter(({ boundTo }) => boundTo !== null).length;
  const gone = volumes.filter(({ boundTo, discarded }) => boundTo === null && discarded !== null).length;
  const head = `${printable(root)}: ${plural(volumes.length, 'volume')} in ${formatDirectories(directories)}, ${inUse} in use, ${plural(orphans.length, 'orphan')}${aside === 0 ? '' : `, ${aside} moved aside by a repair`}${gone === 0 ? '' : `, ${gone} discarded`}`;
  const rows = volumes.map((volume) => rowOf(volume, { root, nowMs }));
  return [
    style.bold(head),
    ...(rows.length === 0 ? [] : ['', ...renderTable(columns, rows, style)]),
    ...section(volumes.flatMap((volume) => notesOf(volume, { root, nowMs }))),
    ...section(
      unreadable.map(({ path, reason }) => `${style.red('not read')} ${printable(path)}: ${printable(reason)}`),
    ),
    ...proposalFor(orphans, adoptWords),
  ];
}

function isOrphan({ boundTo, discarded }: FoundVolume): boolean {
  return boundTo === null && discarded === null;
}

function isMovedAside(volume: FoundVolume): boolean {
  return volume.form === 'quarantine' && isOrphan(volume);
}

/** The Prometheus volume with the newest samples; else any other orphan. What is damaged is to be looked at first. */
function proposalFor(orphans: readonly FoundVolume[], adoptWords: SurveyLayout['adoptWords']): readonly string[] {
  const takeable = orphans.filter((volume) => volume.damage.length === 0 && !holdsAnother(volume, orphans));
  const volumes = takeable.filter(
    ({ kind, form }) => kind === 'prometheus' && (form === 'volume' || form === 'archived'),
  );
  const [best = takeable[0]] = volumes.toSorted((one, other) => newestMsOf(other) - newestMsOf(one));
  if (best !== undefined) {
    return ['', `To take one in: ${adoptWords(best.kind)} ${shellWord(best.path)} --as ${best.kind}`];
  }
  const damaged = orphans.find(({ damage }) => damage.length > 0);
  return damaged === undefined ? [] : ['', `To see what is damaged: holdfast check ${shellWord(damaged.path)}`];
}

/** Its name alone does not say which of them is meant. */
function holdsAnother({ path }: FoundVolume, orphans: readonly FoundVolume[]): boolean {
  return orphans.some((other) => other.form !== 'snapshot' && other.path.startsWith(`${path}/`));
}

/** A head goes on to the last write. */
function newestMsOf({ coverage, lastWriteMs }: FoundVolume): number {
  return Math.max(coverage?.toMs ?? 0, coverage?.hasHead === true ? (lastWriteMs ?? 0) : 0);
}

function section(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', ...lines];
}

function formatDirectories(count: number): string {
  return count === 1 ? '1 directory' : `${count} directories`;
}

function rowOf(volume: FoundVolume, { root, nowMs }: { readonly root: string; readonly nowMs: number }) {
  const { coverage } = volume;
  const form = volume.discarded === null ? volume.form : 'discarded';
  const kind = form === 'volume' ? volume.kind : `${volume.kind} (${form})`;
  return [
    printable(nameOf(volume.path, root)),
    kind,
    printable(ownerOf(volume)),
    volume.boundTo === null ? '-' : printable(`stack ${volume.boundTo.stack}`),
    typeof coverage?.fromMs === 'number' ? formatSecond(coverage.fromMs) : '-',
    coverage === null ? '-' : endOf(coverage),
    formatBytes(volume.sizeBytes),
    volume.lastWriteMs === null ? '-' : formatAge(volume.lastWriteMs, nowMs),
  ];
}

/** In the order of what can be relied on: the identity file, the provisioner's name, the labels inside. */
function ownerOf({ by, stack, claim, labels }: FoundVolume): string {
  const jobs = labels.job.length > 0 ? `jobs ${labels.job.join(' ')}` : '-';
  return by === 'identity' ? (stack ?? claim ?? jobs) : (claim ?? stack ?? jobs);
}

function endOf({ toMs, hasHead }: NonNullable<FoundVolume['coverage']>): string {
  if (toMs === null) return hasHead ? 'head only' : '-';
  return `${formatSecond(toMs)}${hasHead ? ' + head' : ''}`;
}

function notesOf({ path, form, damage, duplicates, discarded }: FoundVolume, place: NotePlace): readonly string[] {
  const { root } = place;
  const name = printable(nameOf(path, root));
  return [
    ...(discarded === null ? [] : [`${name}: ${tellDiscarded(discarded, place)}`]),
    ...(form === 'quarantine' ? [`${name}: what a repair has moved aside; its manifest.json says why`] : []),
    ...damage.map((what) => `${name}: damaged: ${printable(what)}`),
    ...duplicates.map(
      (other) => `${name}: ${plural(other.blocks, 'block')} also in ${printable(nameOf(other.path, root))}`,
    ),
  ];
}

interface NotePlace {
  readonly root: string;
  readonly nowMs: number;
}

function tellDiscarded({ path, sinceMs, removableMs }: DiscardedVolume, { nowMs }: NotePlace): string {
  const since = `discarded since ${formatSecond(sinceMs)}`;
  if (removableMs === null) return `${since}, without a mark: nothing removes it`;
  return nowMs < removableMs
    ? `${since}; may be removed from ${formatSecond(removableMs)} on`
    : `${since}; may be removed: holdfast rescue discard ${shellWord(path)}`;
}

function nameOf(path: string, root: string): string {
  return relative(root, path) || '.';
}
