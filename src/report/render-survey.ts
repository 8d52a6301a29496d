import { relative } from 'node:path/posix';
import { formatBytes } from '../model/bytes.ts';
import type { DiscardedVolume, FoundVolume, RescueSurvey } from '../model/found-volume.ts';
import { shellWord } from '../model/shell-word.ts';
import { printable, type Style } from './style.ts';
import { renderTable } from './table.ts';
import { formatAge, formatSecond, plural } from './time.ts';

export interface SurveyLayout {
  readonly style: Style;
  readonly nowMs: number;
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
export function renderSurvey(root: string, survey: RescueSurvey, { style, nowMs }: SurveyLayout): readonly string[] {
  const { volumes, directories, unreadable } = survey;
  const orphans = volumes.filter(({ boundTo, discarded }) => boundTo === null && discarded === null);
  const inUse = volumes.filter(({ boundTo }) => boundTo !== null).length;
  const gone = volumes.length - orphans.length - inUse;
  const head = `${printable(root)}: ${plural(volumes.length, 'volume')} in ${formatDirectories(directories)}, ${inUse} in use, ${plural(orphans.length, 'orphan')}${gone === 0 ? '' : `, ${gone} discarded`}`;
  const rows = volumes.map((volume) => rowOf(volume, { root, nowMs }));
  const example = orphans.find(({ kind, form }) => kind === 'prometheus' && form !== 'copy') ?? orphans[0];
  return [
    style.bold(head),
    ...(rows.length === 0 ? [] : ['', ...renderTable(columns, rows, style)]),
    ...section(volumes.flatMap((volume) => notesOf(volume, { root, nowMs }))),
    ...section(
      unreadable.map(({ path, reason }) => `${style.red('not read')} ${printable(path)}: ${printable(reason)}`),
    ),
    ...(example === undefined
      ? []
      : ['', `To take one in: holdfast adopt ${shellWord(example.path)} --as ${example.kind}`]),
  ];
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
  const owner =
    volume.stack ?? volume.claim ?? (volume.labels.job.length > 0 ? `jobs ${volume.labels.job.join(' ')}` : '-');
  return [
    printable(nameOf(volume.path, root)),
    kind,
    printable(owner),
    volume.boundTo === null ? '-' : printable(`stack ${volume.boundTo.stack}`),
    typeof coverage?.fromMs === 'number' ? formatSecond(coverage.fromMs) : '-',
    coverage === null ? '-' : endOf(coverage),
    formatBytes(volume.sizeBytes),
    volume.lastWriteMs === null ? '-' : formatAge(volume.lastWriteMs, nowMs),
  ];
}

function endOf({ toMs, hasHead }: NonNullable<FoundVolume['coverage']>): string {
  if (toMs === null) return hasHead ? 'head only' : '-';
  return `${formatSecond(toMs)}${hasHead ? ' + head' : ''}`;
}

function notesOf({ path, damage, duplicates, discarded }: FoundVolume, place: NotePlace): readonly string[] {
  const { root } = place;
  const name = printable(nameOf(path, root));
  return [
    ...(discarded === null ? [] : [`${name}: ${tellDiscarded(discarded, place)}`]),
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
