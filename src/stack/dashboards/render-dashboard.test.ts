import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtDashboards } from './built-dashboards.ts';
import { datasourceUid } from './dashboard-spec.ts';
import { ownDashboards } from './own-dashboards.ts';
import { renderDashboard } from './render-dashboard.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

describe.each(ownDashboards.map((spec) => [spec.uid, spec] as const))('%s', (_, spec) => {
  const board = JSON.parse(renderDashboard(spec)) as { readonly uid: string; readonly panels: readonly Panel[] };
  const panels = board.panels.filter((panel) => panel.type !== 'row');

  it('is what was built before the commit', () => {
    const path = join(import.meta.dirname, 'golden', `${spec.uid}.json`);
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, renderDashboard(spec));
    expect(renderDashboard(spec)).toBe(readFileSync(path, 'utf8'));
    expect(builtDashboards.map((built) => built.uid)).toContain(spec.uid);
  });

  it('shows every panel of its spec, from the provisioned datasource', () => {
    expect(panels.map((panel) => panel.title)).toEqual(
      spec.sections.flatMap((section) => section.panels.map(({ title }) => title)),
    );
    for (const panel of panels) {
      expect(panel.datasource?.uid).toBe(datasourceUid);
      expect(new Set(panel.targets?.map((target) => target.refId)).size).toBe(panel.targets?.length);
    }
  });

  it('has panels of different ids that do not overlap and stay on the page', () => {
    expect(new Set(board.panels.map((panel) => panel.id)).size).toBe(board.panels.length);
    const taken = new Set<string>();
    for (const { gridPos, title } of board.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (const cell of cellsOf(gridPos)) {
        expect(taken.has(cell), `${title} at ${cell}`).toBe(false);
        taken.add(cell);
      }
    }
  });
});

function cellsOf({ x, y, w, h }: Panel['gridPos']): readonly string[] {
  return Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`);
}

it('every built dashboard has a spec, and the overview is the home page', () => {
  expect(builtDashboards.map((built) => built.uid)).toEqual(ownDashboards.map((spec) => spec.uid));
  expect(builtDashboards[0].uid).toBe('holdfast-stack');
});
