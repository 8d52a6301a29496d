import { expect, test } from 'vitest';
import { parseVolumeName } from './volume-name.ts';

const pv = 'pvc-0a1b2c3d-1111-2222-3333-444455556666';
const prometheus = 'prometheus-kps-prometheus-db-prometheus-kps-prometheus-0';

test.each([
  [pv, null, false],
  [`archived-${pv}`, null, true],
  [`${pv}_monitoring_${prometheus}`, `monitoring/${prometheus}`, false],
  [`monitoring-${prometheus}-${pv}`, `monitoring/${prometheus}`, false],
  [`archived-ml-ops-${prometheus}-${pv}`, `ml-ops/${prometheus}`, true],
  [`monitoring-kps-grafana-${pv}`, 'monitoring/kps-grafana', false],
  [`monitoring-storage-kps-grafana-0-${pv}`, 'monitoring/storage-kps-grafana-0', false],
  [`monitoring-prometheus-pushgateway-${pv}`, 'monitoring/prometheus-pushgateway', false],
  // Where one ends and the other begins nobody can tell.
  [`team-a-data-${pv}`, 'team-a-data', false],
  ['prometheus', null, false],
  ['pvc-0a1b2c3d', null, false],
  ['archived-', null, true],
])('%s', (name, claim, isArchived) => {
  expect(parseVolumeName(name)).toEqual({ claim, isArchived });
});
