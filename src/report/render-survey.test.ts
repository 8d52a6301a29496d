/** Whose a volume was, in the order of what can be relied on, and which one is proposed for `adopt`. */
import { expect, test } from 'vitest';
import type { FoundVolume } from '../model/found-volume.ts';
import { renderSurvey } from './render-survey.ts';
import { createStyle } from './style.ts';

const style = createStyle({ hasColor: false, columns: undefined });
const nowMs = Date.parse('2026-11-28T12:00:00Z');
const dayMs = 86_400_000;

function volume(
  name: string,
  { toMs = nowMs, ...changed }: Partial<FoundVolume> & { readonly toMs?: number } = {},
): FoundVolume {
  return {
    path: `/share/${name}`,
    dataDirectory: `/share/${name}`,
    kind: 'prometheus',
    form: 'volume',
    stack: null,
    claim: null,
    by: null,
    boundTo: null,
    coverage: { fromMs: toMs - dayMs, toMs, blocks: 1, samples: 10, hasHead: false },
    sizeBytes: 1,
    discarded: null,
    lastWriteMs: nowMs,
    damage: [],
    duplicates: [],
    labels: { job: [], instance: [], cluster: [] },
    ...changed,
  };
}

function render(volumes: readonly FoundVolume[], adoptWords = 'holdfast adopt'): readonly string[] {
  const survey = { volumes, directories: volumes.length, unreadable: [] };
  return renderSurvey('/share', survey, { style, nowMs, adoptWords: () => adoptWords });
}

test("the provisioner's name comes before a label, and the identity before both", () => {
  const named = { stack: 'prod', claim: 'monitoring/data', by: 'name' } as const;
  const rows = render([
    volume('a', named),
    volume('b', { ...named, stack: 'main', by: 'identity' }),
    volume('c', { stack: 'prod', by: 'labels' }),
    volume('d', { by: 'labels', labels: { job: ['x', 'y'], instance: [], cluster: [] } }),
  ]).slice(3, 7);
  const owners = ['monitoring/data', 'main', 'prod', 'jobs x y'];
  expect(rows.map((row, at) => row.includes(` ${owners[at] ?? ''} `))).toEqual([true, true, true, true]);
  expect(rows[0]).not.toContain('prod');
});

test('the whole orphan with the newest samples is proposed, also where they are in its head', () => {
  const old = volume('old', { toMs: nowMs - 9 * dayMs });
  const newer = volume('newer', { toMs: nowMs - 2 * dayMs });
  const damaged = volume('damaged', { damage: ['block x: index is missing'] });
  const copy = volume('copy', { form: 'copy' });
  expect(render([old, newer, damaged, copy]).at(-1)).toBe(
    "To take one in: holdfast adopt '/share/newer' --as prometheus",
  );
  const head = { fromMs: null, toMs: null, blocks: 0, samples: 0, hasHead: true };
  expect(render([old, newer, volume('head', { coverage: head })]).at(-1)).toContain("'/share/head'");
  expect(render([old], 'holdfast --data NEWROOT adopt').at(-1)).toContain("holdfast --data NEWROOT adopt '/share/old'");
});

test('what is damaged, or holds another volume, is never proposed', () => {
  const damaged = volume('damaged', { damage: ['block x: index is missing'] });
  expect(render([damaged]).at(-1)).toBe("To see what is damaged: holdfast check '/share/damaged'");
  expect(render([damaged, volume('z', { kind: 'alertmanager' })]).at(-1)).toBe(
    "To take one in: holdfast adopt '/share/z' --as alertmanager",
  );
  const around = volume('around');
  const below = volume('around/prometheus-db', { toMs: nowMs - 9 * dayMs });
  expect(render([around, below]).at(-1)).toContain("holdfast adopt '/share/around/prometheus-db'");
  expect(render([around, volume('around/snapshots/s', { form: 'snapshot' })]).at(-1)).toContain("'/share/around' --as");
});

test('a quarantine is told to be one, and is never proposed', () => {
  const lines = render([volume('db-quarantine/r1', { form: 'quarantine' })]);
  expect(lines[0]).toBe('/share: 1 volume in 1 directory, 0 in use, 0 orphans, 1 moved aside by a repair');
  expect(lines).toContain('db-quarantine/r1: what a repair has moved aside; its manifest.json says why');
  expect(lines.some((line) => line.includes('To take one in'))).toBe(false);
  expect(lines.some((line) => line.includes('prometheus (quarantine)'))).toBe(true);
});
