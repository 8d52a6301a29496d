import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { processComponents, type ProcessComponent } from '../model/component.ts';
import { paths } from '../model/paths.ts';
import { findTestProgram, missing } from './find-test-program.ts';
import { renderComponent } from './render-component.ts';
import { renderFixture, type FixtureOptions } from './render-fixture.ts';

interface Variant {
  readonly components: readonly ProcessComponent[];
  readonly options: FixtureOptions;
}

const dayMs = 86_400_000;
const withoutGrafana = processComponents.filter((component) => component !== 'grafana');
const officialProgram = {
  version: '3.14.0',
  source: 'release',
  path: '/srv/cache/prometheus-3.14.0/prometheus',
} as const;
const ownFile = (name: string) => ({
  path: `/etc/monitoring/${name}`,
  text: readFileSync(join(import.meta.dirname, 'testdata', name), 'utf8'),
});
const defaults = renderFixture('prometheus').stack.config;

const variants: Readonly<Record<string, Variant>> = {
  everything: { components: processComponents, options: {} },
  minimal: {
    components: ['prometheus'],
    options: { present: ['prometheus'], retention: { timeMs: 0, sizeBytes: 0 } },
  },
  'without-grafana': { components: ['prometheus'], options: { present: withoutGrafana } },
  'listen-everywhere': { components: processComponents, options: { config: { listen: '0.0.0.0' } } },
  'listen-ipv6': { components: processComponents, options: { config: { listen: '::1' } } },
  'own-files': {
    components: ['prometheus', 'alertmanager'],
    options: {
      scrapeFiles: [ownFile('scrape-app.yml'), ownFile('scrape-hosts.yml')],
      ruleFiles: [ownFile('rules-app.yml')],
      alertmanagerConfig: ownFile('alertmanager.yml').text,
      config: { alertmanager: { ...defaults.alertmanager, config: '/etc/monitoring/alertmanager.yml' } },
    },
  },
  'prometheus-3': {
    components: ['prometheus'],
    options: {
      retention: { timeMs: 15 * dayMs + 21 * dayMs + 7, sizeBytes: 0 },
      program: {
        ...officialProgram,
        flags: ['web.listen-address', 'web.config.file', 'storage.tsdb.retention.time', 'storage.tsdb.no-lockfile'],
      },
    },
  },
  'prometheus-without-retention-flags': {
    components: ['prometheus'],
    options: { program: { ...officialProgram, flags: ['web.listen-address', 'web.config.file'] } },
  },
};

/** The one variant that an old promtool cannot check: retention in the config file came with Prometheus 3.11. */
const newestVariant = 'prometheus-without-retention-flags';

const goldenRoot = join(import.meta.dirname, 'golden');

/** Everything that a variant renders, by path, but the dashboards, which have golden files of their own. */
function renderVariant({ components, options }: Variant): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const component of components) {
    const rendered = renderComponent(renderFixture(component, options));
    const { arguments: flags, environment, workingDirectory, address } = rendered;
    const launch = { arguments: flags, environment, workingDirectory, address };
    files.set(`${component}/launch.json`, `${JSON.stringify(launch, null, 2)}\n`);
    for (const file of rendered.files) {
      if (!file.path.startsWith('dashboards/')) files.set(`${component}/${file.path}`, file.content);
    }
  }
  return files;
}

describe.each(Object.entries(variants))('%s', (name, variant) => {
  const directory = join(goldenRoot, name);
  const rendered = renderVariant(variant);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    rmSync(directory, { recursive: true, force: true });
    for (const [path, content] of rendered) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), content);
    }
  }

  it('renders what its golden files hold, and no other file', () => {
    expect([...rendered.keys()].sort()).toEqual(listFiles(directory));
    for (const [path, content] of rendered) expect(content, path).toBe(readFileSync(join(directory, path), 'utf8'));
  });
});

const temporary = mkdtempSync(join(tmpdir(), 'holdfast-golden-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const promtool = findTestProgram('promtool');
const amtool = findTestProgram('amtool');

describe.skipIf(promtool === undefined)(`promtool accepts${missing(promtool, 'promtool')}`, () => {
  const known = Object.keys(variants).filter((name) => name !== newestVariant || knowsRetentionInConfig());
  it.each(known)('the config and rules of %s', (name) => {
    const directory = materialize(name);
    run(promtool, ['check', 'config', join(directory, 'prometheus/prometheus.yml')]);
    run(promtool, ['check', 'web-config', join(directory, 'prometheus/web-config.yml')]);
    for (const file of listFiles(join(directory, 'prometheus/rules'))) {
      run(promtool, ['check', 'rules', join(directory, 'prometheus/rules', file)]);
    }
  });

  it('the config below a data root whose name is full of special characters', () => {
    const dataRoot = join(temporary, `a[b] c*d?e\\f 'g" #h: é`);
    writeRendered(dataRoot, 'prometheus');
    const output = run(promtool, ['check', 'config', join(dataRoot, paths.rendered('prometheus'), 'prometheus.yml')]);
    expect(output).toMatch(/1 rule files? found/);
  });
});

describe.skipIf(amtool === undefined)(`amtool accepts${missing(amtool, 'amtool')}`, () => {
  it.each(['everything', 'own-files'])('the config of %s', (name) => {
    run(amtool, ['check-config', join(goldenRoot, name, 'alertmanager/alertmanager.yml')]);
  });
});

function knowsRetentionInConfig(): boolean {
  if (promtool === undefined) return false;
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(run(promtool, ['--version'])) ?? [];
  return Number(major) * 1000 + Number(minor) >= 3011;
}

/** The golden files with a real data root in the place of /srv/holdfast, since promtool looks for the files named in them. */
function materialize(name: string): string {
  const dataRoot = join(temporary, name);
  const config = join(dataRoot, 'run/config');
  cpSync(join(goldenRoot, name), config, { recursive: true });
  for (const file of listFiles(config)) {
    const text = readFileSync(join(config, file), 'utf8').replaceAll('/srv/holdfast', dataRoot);
    writeFileSync(join(config, file), text.replaceAll('/etc/monitoring', join(import.meta.dirname, 'testdata')));
  }
  writePassword(dataRoot);
  return config;
}

function writeRendered(dataRoot: string, component: ProcessComponent): void {
  for (const file of renderComponent(renderFixture(component, { dataRoot })).files) {
    const path = join(dataRoot, paths.rendered(component), file.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, file.content);
  }
  writePassword(dataRoot);
}

function writePassword(dataRoot: string): void {
  mkdirSync(join(dataRoot, paths.secrets), { recursive: true });
  writeFileSync(join(dataRoot, paths.password), 'secret', { mode: 0o600 });
}

function listFiles(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

function run(program: string | undefined, flags: readonly string[]): string {
  return execFileSync(program ?? '', flags, { encoding: 'utf8', stdio: 'pipe' });
}
