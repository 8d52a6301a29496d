import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processComponents, type ProcessComponent } from '../model/component.ts';
import type { InstalledProgram } from '../model/program.ts';
import { renderFixture } from '../stack/render-fixture.ts';
import { renderFromStack } from './render-from-stack.ts';

const installed = processComponents.map((component) => renderFixture(component).program);
const secrets = { user: 'holdfast', passwordHash: '$2b$10$hash' };
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-stack-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const render = (component: ProcessComponent, present = installed, pinned: readonly InstalledProgram[] = []) => {
  const stack = { ...renderFixture('prometheus').stack, programs: pinned };
  const { prometheus } = stack.config;
  const config = {
    ...stack.config,
    prometheus: {
      ...prometheus,
      scrapeFiles: [join(directory, 'scrape.yml')],
      ruleFiles: [join(directory, 'rules.yml')],
    },
    alertmanager: { port: 1, config: join(directory, 'alertmanager.yml') },
  };
  return renderFromStack({
    stack: { ...stack, config },
    component,
    installed: present,
    dataRoot: '/srv/holdfast',
    secrets,
  });
};

describe('renderFromStack', () => {
  it('refuses a file of the user that is gone, for the component that needs it alone', async () => {
    for (const component of ['prometheus', 'alertmanager'] as const) {
      await expect(render(component)).rejects.toMatchObject({ code: 'bad-config' });
    }
    await expect(render('pushgateway')).resolves.toMatchObject({ address: 'http://127.0.0.1:32091' });
  });

  it('reads the files, and a change in one is another digest', async () => {
    await writeFile(join(directory, 'scrape.yml'), 'scrape_configs: [{job_name: app}]');
    await writeFile(join(directory, 'rules.yml'), 'groups: []');
    await writeFile(join(directory, 'alertmanager.yml'), 'route: {receiver: a}\nreceivers: [{name: a}]\n');
    const before = await render('prometheus');
    expect(before?.files.find((file) => file.path === 'prometheus.yml')?.content).toContain('job_name: app');
    expect(before?.files.find((file) => file.path === 'rules/user-1-rules.yml')?.content).toBe('groups: []');
    await writeFile(join(directory, 'rules.yml'), 'groups: [] # changed');
    expect((await render('prometheus'))?.digest).not.toBe(before?.digest);
  });

  it('is undefined without the program, and scrapes nothing that is not there', async () => {
    const withoutGrafana = installed.filter((program) => program.name !== 'grafana');
    await expect(render('grafana', withoutGrafana)).resolves.toBeUndefined();
    const rendered = await render('prometheus', withoutGrafana);
    expect(rendered?.files[0]?.content).not.toContain('job_name: grafana');
  });

  it('a pinned program that must be got again changes nothing of the other components', async () => {
    const withoutPushgateway = installed.filter((program) => program.name !== 'pushgateway');
    const before = await render('prometheus', installed, installed);
    expect((await render('prometheus', withoutPushgateway, installed))?.digest).toBe(before?.digest);
  });
});
