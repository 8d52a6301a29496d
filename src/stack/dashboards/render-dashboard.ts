import { LegendDisplayMode, LegendPlacement, VizLegendOptionsBuilder } from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DashboardCursorSync,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type Threshold,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { datasourceUid, type DashboardSpec, type PanelSpec } from './dashboard-spec.ts';

/** Grafana's JSON of a dashboard. Panels are numbered in their order, so that the same dashboard is the same text. */
export function renderDashboard(spec: DashboardSpec): string {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the v2 schema cannot be provisioned by Grafana before 12
  const builder = new DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags(['holdfast'])
    .timezone('browser')
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s');
  let id = 0;
  for (const section of spec.sections) {
    builder.withRow(new RowBuilder(section.title).id((id += 1)));
    for (const panel of section.panels) builder.withPanel(buildPanel(panel).id((id += 1)));
  }
  return `${JSON.stringify(builder.build(), null, 2)}\n`;
}

function buildPanel(panel: PanelSpec): StatBuilder | TimeseriesBuilder {
  const builder = panel.kind === 'number' ? buildNumber(panel) : buildGraph(panel);
  if (panel.description !== undefined) builder.description(panel.description);
  return builder
    .title(panel.title)
    .unit(panel.unit)
    .datasource({ type: 'prometheus', uid: datasourceUid })
    .span(panel.width)
    .targets(panel.queries.map((query, index) => buildQuery(query, index, panel.kind)));
}

function buildNumber(panel: PanelSpec): StatBuilder {
  const steps = thresholdSteps(panel.red);
  return new StatBuilder()
    .height(4)
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...steps]));
}

function buildGraph(panel: PanelSpec): TimeseriesBuilder {
  const legend = new VizLegendOptionsBuilder()
    .showLegend(panel.queries.some((query) => query.legend !== '') || panel.queries.length > 1)
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .calcs([]);
  return new TimeseriesBuilder().height(8).fillOpacity(10).lineWidth(1).legend(legend);
}

/** The first step has no value: it begins at minus infinity. */
function thresholdSteps(red: PanelSpec['red']): readonly Threshold[] {
  if (red === undefined) return [{ value: null, color: 'green' }];
  if ('below' in red) {
    return [
      { value: null, color: 'red' },
      { value: red.below, color: 'green' },
    ];
  }
  return [
    { value: null, color: 'green' },
    { value: red.from, color: 'red' },
  ];
}

function buildQuery(
  { expr, legend }: PanelSpec['queries'][number],
  index: number,
  kind: PanelSpec['kind'],
): DataqueryBuilder {
  const query = new DataqueryBuilder().refId(String.fromCharCode(65 + index)).expr(expr);
  if (legend !== '') query.legendFormat(legend);
  return kind === 'number' ? query.instant() : query.range();
}
