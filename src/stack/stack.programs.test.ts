import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashSync } from 'bcryptjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProcessComponent } from '../model/component.ts';
import type { StackConfig } from '../model/config.ts';
import { dataDirectoryInVolume, paths } from '../model/paths.ts';
import type { InstalledProgram } from '../model/program.ts';
import { ownDashboards } from './dashboards/own-dashboards.ts';
import { findFreePorts } from '../../test/harness/free-ports.ts';
import { findTestProgram, missing } from './find-test-program.ts';
import { renderComponent } from './render-component.ts';
import { renderFixture } from './render-fixture.ts';
import { ownRuleGroups } from './rules/render-rules.ts';

const found = {
  prometheus: findTestProgram('prometheus'),
  alertmanager: findTestProgram('alertmanager', 'prometheus-alertmanager'),
  pushgateway: findTestProgram('pushgateway', 'prometheus-pushgateway'),
  'node-exporter': findTestProgram('node_exporter', 'prometheus-node-exporter'),
} as const;
type Component = keyof typeof found;
const components = Object.keys(found) as readonly Component[];
const absent = components.find((component) => found[component] === undefined);

const password = 'hunter2-but-longer';
const authorization = `Basic ${Buffer.from(`holdfast:${password}`).toString('base64')}`;

/*
 * A stack as it is rendered, with real programs: nobody gets in without the password, Prometheus gets in everywhere by
 * file, and no process shows the password to who lists processes.
 */
describe.skipIf(absent !== undefined)(
  `real programs${missing(absent === undefined ? '' : undefined, absent ?? '')}`,
  () => {
    const temporary = mkdtempSync(join(tmpdir(), 'holdfast-real-'));
    const dataRoot = join(temporary, 'data root [1]');
    const children = new Map<Component, ChildProcess>();
    const addresses = new Map<Component, string>();

    beforeAll(async () => {
      const config = await freePorts();
      writeSecret(dataRoot);
      for (const component of components) {
        const program = describeProgram(component, temporary);
        const input = renderFixture(component, {
          dataRoot,
          config,
          program,
          present: components,
          passwordHash: hashSync(password, 4),
        });
        const rendered = renderComponent(input);
        for (const file of rendered.files)
          write(join(dataRoot, paths.rendered(component), file.path), file.content, file.mode);
        mkdirSync(join(dataRoot, paths.volume(component), dataDirectoryInVolume[component] ?? ''), { recursive: true });
        const log = openSync(join(temporary, `${component}.log`), 'a');
        const child = spawn(program.path, rendered.arguments, {
          env: { ...rendered.environment },
          cwd: rendered.workingDirectory,
          stdio: ['ignore', log, log],
        });
        closeSync(log);
        children.set(component, child);
        addresses.set(component, rendered.address);
      }
      for (const component of components) await untilAnswers(component, (path) => get(component, path));
    }, 60_000);

    afterAll(async () => {
      for (const child of children.values()) {
        child.kill('SIGKILL');
        if (child.exitCode === null && child.signalCode === null) await new Promise((done) => child.once('exit', done));
      }
      rmSync(temporary, { recursive: true, force: true });
    });

    const get = (component: Component, path: string, init: RequestInit = { headers: { authorization } }) =>
      fetch(`${addresses.get(component)}${path}`, { ...init, signal: AbortSignal.timeout(5000) });

    it.each(components)('%s answers only to who knows the password', async (component) => {
      expect((await get(component, '/metrics', {})).status).toBe(401);
      expect(
        (await get(component, '/metrics', { headers: { authorization: 'Basic aG9sZGZhc3Q6d3Jvbmc=' } })).status,
      ).toBe(401);
      expect((await get(component, '/metrics')).status).toBe(200);
    });

    it('pages of Debian builds are found beside the program', async () => {
      expect((await get('prometheus', '/graph')).status).toBe(200);
      expect((await get('pushgateway', '/')).status).toBe(200);
    });

    it('Prometheus scrapes every component, reaches Alertmanager, and has loaded the rules', async () => {
      await until(async () => (await query('sum(up)')) === components.length);
      const { data } = await json<{ data: { groups: readonly { name: string }[] } }>('/api/v1/rules');
      const expected = ownRuleGroups({ scrapeIntervalMs: 1000, present: components }).map((group) => group.name);
      expect(data.groups.map((group) => group.name).sort()).toEqual([...expected].sort());
      await until(async () => (await query('prometheus_notifications_alertmanagers_discovered')) === 1);
    }, 30_000);

    it('every metric of the stack that rules and dashboards ask for is there', async () => {
      const body = 'backup_seconds 4\n';
      const push = await get('pushgateway', '/metrics/job/backup', {
        method: 'POST',
        body,
        headers: { authorization },
      });
      expect(push.status).toBe(200);
      await until(async () => (await query('count(push_failure_time_seconds{job="backup"})')) === 1);
      const names = new Set((await json<{ data: readonly string[] }>('/api/v1/label/__name__/values')).data);
      expect(askedMetrics().filter((name) => !names.has(name) && !unknownToDebian.includes(name))).toEqual([]);
    }, 30_000);

    it('Prometheus keeps its data in its volume, locked, as long as it was told', async () => {
      expect(existsSync(join(dataRoot, 'volumes/prometheus/prometheus-db/lock'))).toBe(true);
      const { data } = await json<{ data: Readonly<Record<string, string>> }>('/api/v1/status/flags');
      expect(data['storage.tsdb.retention.time']).toBe('15d');
      expect(data['web.enable-admin-api']).toBe('false');
      expect(data['web.enable-lifecycle']).toBe('false');
      const { data: runtime } = await json<{ data: { storageRetention: string } }>('/api/v1/status/runtimeinfo');
      expect(runtime.storageRetention).toBe('15d or 15GiB');
    });

    it('Alertmanager opens no port for gossip', async () => {
      const response = await get('alertmanager', '/api/v2/status');
      expect(await response.json()).toMatchObject({ cluster: { status: 'disabled' } });
    });

    it('no process shows the password', () => {
      for (const child of children.values()) {
        expect(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8')).not.toContain(password);
        expect(readFileSync(`/proc/${child.pid}/environ`, 'utf8')).not.toContain(password);
      }
    });

    async function json<T>(path: string): Promise<T> {
      const response = await get('prometheus', path);
      expect(response.status).toBe(200);
      return (await response.json()) as T;
    }

    async function query(expr: string): Promise<number> {
      const path = `/api/v1/query?query=${encodeURIComponent(expr)}`;
      const { data } = await json<{ data: { result: readonly { value: readonly [number, string] }[] } }>(path);
      return Number(data.result[0]?.value[1]);
    }
  },
);

/** Newer than Prometheus 2.42: with an older one a panel lacks these lines and shows the others. */
const unknownToDebian = ['prometheus_tsdb_head_chunks_storage_size_bytes', 'prometheus_tsdb_wal_storage_size_bytes'];

/** Names of the stack's own metrics; what a host has of node_* differs. */
function askedMetrics(): readonly string[] {
  const panels = ownDashboards.flatMap((board) => board.sections.flatMap((section) => section.panels));
  const rules = ownRuleGroups({ scrapeIntervalMs: 1000, present: components }).flatMap((group) => group.rules);
  const expressions = [...panels.flatMap((panel) => panel.queries), ...rules].map(({ expr }) => expr).join('\n');
  const names = expressions.match(/\b(prometheus|alertmanager|pushgateway|process|scrape|push)_[a-z_]+\b/g) ?? [];
  return [...new Set(names)].sort();
}

function describeProgram(
  component: Component,
  temporary: string,
): Partial<InstalledProgram> & { readonly path: string } {
  const path = found[component] ?? '';
  const help = execFileSync('sh', ['-c', '"$0" --help 2>&1', path], { encoding: 'utf8' });
  const flags = [...help.matchAll(/^\s+(?:-\w, )?--(?:\[no-\])?([a-z][a-z.-]*)/gm)].map(([, flag]) => flag ?? '');
  const described = { path, flags, workingDirectory: null };
  return component === 'alertmanager' ? withTemplates(described, temporary) : described;
}

/** Debian's Alertmanager looks for its templates in /usr/share; where it was only unpacked they lie beside it. */
function withTemplates<P extends { readonly path: string }>(program: P, temporary: string): P {
  const installed = '/usr/share/prometheus/alertmanager';
  const root = join(dirname(program.path), '../..');
  if (existsSync(join(installed, 'default.tmpl')) || !existsSync(join(root, installed, 'default.tmpl'))) return program;
  const bytes = readFileSync(program.path);
  for (let at = bytes.indexOf(installed); at >= 0; at = bytes.indexOf(installed, at)) {
    bytes.write(`${installed.slice(1)}/`, at, 'latin1');
  }
  const path = join(temporary, 'alertmanager');
  writeFileSync(path, bytes, { mode: 0o755 });
  return { ...program, path, workingDirectory: root };
}

async function freePorts(): Promise<Partial<StackConfig>> {
  const [prometheus, alertmanager, pushgateway, nodeExporter] = await findFreePorts(4);
  const { config } = renderFixture('prometheus').stack;
  return {
    prometheus: { ...config.prometheus, port: prometheus ?? 0, scrapeIntervalMs: 1000 },
    alertmanager: { port: alertmanager ?? 0, config: null },
    pushgateway: { port: pushgateway ?? 0 },
    nodeExporter: { port: nodeExporter ?? 0 },
  };
}

function writeSecret(dataRoot: string): void {
  write(join(dataRoot, paths.password), password, 0o600);
}

function write(path: string, content: string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content, { mode });
}

const readyPath: Readonly<Record<ProcessComponent, string>> = {
  prometheus: '/-/ready',
  alertmanager: '/-/ready',
  pushgateway: '/-/ready',
  'node-exporter': '/metrics',
  grafana: '/api/health',
};

async function untilAnswers(component: Component, get: (path: string) => Promise<Response>): Promise<void> {
  await until(async () => (await get(readyPath[component]).catch(() => undefined))?.status === 200);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('It did not come true within 20 s.');
    await sleep(100);
  }
}
