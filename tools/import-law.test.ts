import { readdirSync } from 'node:fs';
import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';
import { importLaw, table } from './import-law.mjs';

const linter = new Linter({ cwd: '/checkout' });
const config: Linter.Config[] = [
  {
    files: ['**/*.ts'],
    plugins: { '@typescript-eslint': tseslint.plugin as unknown as NonNullable<Linter.Config['plugins']>[string] },
    languageOptions: { parser: tseslint.parser },
  },
  ...importLaw({ syntax: [], ignores: ['**/*.test.ts'] }),
];

function lint(file: string, code: string): readonly string[] {
  return linter.verify(code, config, { filename: `/checkout/src/${file}` }).map(({ message }) => message);
}

describe('the import law', () => {
  it.each([
    ['operations/rebuild.ts', "import { judge } from '../rules/retention.ts';"],
    ['operations/rebuild.ts', "import type { Platform } from '../platforms/platform.ts';"],
    ['operations/rebuild.ts', "import type { ProcessReader } from '../adapters/processes/processes.ts';"],
    ['operations/rebuild.ts', "import { type ProcessReader } from '../adapters/processes/processes.ts';"],
    ['operations/phases/one.ts', "import { planVerb } from '../plan-verb.ts';"],
    ['operations/phases/one.ts', "import { judge } from '../../rules/retention.ts';"],
    ['stack/dashboards/node.ts', "import { alertRule } from '../rules/alert-rule.ts';"],
    ['stack/prometheus.ts', "import type { ConfigValues } from '../config/schema.ts';"],
    ['platforms/standalone/planners/plan-start.ts', "import type { Facts } from '../standalone-facts.ts';"],
    ['platforms/standalone/steps/stop-process.ts', "import { readState } from '../../../data-root/stack-file.ts';"],
    [
      'platforms/standalone/steps/stop-process.ts',
      "import { make } from '../../../adapters/grafana/grafana-client.ts';",
    ],
    ['adapters/daemon/daemon-client.ts', "import { statusSchema } from '../../contract/daemon-api.ts';"],
    ['adapters/grafana/grafana-client.ts', "import { request } from '../http/request.ts';"],
    ['supervisor/keeper.ts', "import type { ProgramReader } from '../adapters/packages/program-store.ts';"],
    ['cli/verbs.ts', "const { runUp } = await import('./commands/up.ts');"],
    ['cli/verbs.ts', "const { readRuns } = await import('../engine/list-runs.ts');"],
    ['main.ts', "const { runHoldfast } = await import('./main/run-holdfast.ts');"],
    ['main/create-world.ts', "import { createDaemonClient } from '../adapters/daemon/daemon-client.ts';"],
    ['rules/retention.test.ts', "import { start } from '../supervisor/keeper.ts';"],
  ])('lets %s say %s', (file, code) => {
    expect(lint(file, code)).toEqual([]);
  });

  it.each([
    ['operations/rebuild.ts', "import { createPrometheusClient } from '../adapters/prometheus/prometheus-client.ts';"],
    ['operations/rebuild.ts', "import type { PrometheusClient } from '../adapters/prometheus/prometheus-client.ts';"],
    ['operations/rebuild.ts', "export { writeAtomically } from '../files/atomic-file.ts';"],
    ['operations/rebuild.ts', "export * from '../files/atomic-file.ts';"],
    ['operations/rebuild.ts', "import { something } from '../platforms/platform.ts';"],
    ['operations/rebuild.ts', "import type { Processes } from '../adapters/processes/processes.ts';"],
    ['operations/rebuild.ts', "import { rm } from 'node:fs/promises';"],
    ['operations/phases/one.ts', "import { writeAtomically } from '../../files/atomic-file.ts';"],
    ['operations/rebuild.ts', "import { x } from './../files/atomic-file.ts';"],
    ['operations/rebuild.ts', "import { x } from '../rules/../files/atomic-file.ts';"],
    ['operations/rebuild.ts', "import { x } from '../../tools/build.mjs';"],
    ['stack/dashboards/node.ts', "import { observe } from '../../observations/status.ts';"],
    ['stack/prometheus.ts', "import { loadConfig } from '../config/load.ts';"],
    ['model/plan.ts', "import { HoldfastError } from '../errors/holdfast-error.ts';"],
    ['model/plan.ts', "import { join } from 'node:path';"],
    ['platforms/standalone/planners/plan-start.ts', "import { stop } from '../steps/stop-process.ts';"],
    ['platforms/standalone/planners/plan-start.ts', "import { facts } from '../../memory/memory-facts.ts';"],
    ['platforms/standalone/steps/stop-process.ts', "import { carryOut } from '../../../engine/carry-out.ts';"],
    ['adapters/grafana/grafana-client.ts', "import { query } from '../prometheus/prometheus-client.ts';"],
    ['adapters/grafana/grafana-client.ts', "import { statusSchema } from '../../contract/daemon-api.ts';"],
    ['supervisor/keeper.ts', "import { createProgramStore } from '../adapters/packages/program-store.ts';"],
    ['engine/carry-out.ts', "import { takeInventory } from '../steps/take-inventory.ts';"],
    ['engine/carry-out.ts', "const { hash } = await import('bcryptjs');"],
    ['engine/carry-out.ts', "const { x } = await import('../files/lock.ts');"],
    ['cli/verbs.ts', "const { x } = await import('../supervisor/keeper.ts');"],
    ['cli/verbs.ts', 'const { x } = await import(`./commands/${name}.ts`);'],
    ['a-new-room/thing.ts', "import { x } from '../files/lock.ts';"],
  ])('forbids %s to say %s', (file, code) => {
    expect(lint(file, code)).not.toEqual([]);
  });

  it('has a row for every room that there is', () => {
    const rooms = readdirSync(new URL('../src', import.meta.url), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    const listed = new Set(table.map(({ room }) => room.split('/')[0]));
    expect(rooms.filter((room) => !listed.has(room))).toEqual([]);
  });

  it('sees every folder: none is deeper than the blocks reach', () => {
    const folders = readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' });
    const sources = folders.filter((path) => path.endsWith('.ts') && !/testdata|fixture|test/.test(path));
    const unseen = sources.filter((path) => !/may not import/.test(lint(path, "import './../x.ts';").join()));
    expect(unseen).toEqual([]);
  });
});
