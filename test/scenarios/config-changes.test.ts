/**
 * The owner of a running stack changes its configuration. What changes is shown before it is done, and only the component
 * that it concerns restarts: further rules and scrape targets concern Prometheus, a receiver concerns Alertmanager. A file
 * with a mistake is refused before anything stops, and so is the config file of another stack. What is said nearer to the
 * command comes first: flag, environment, config file, and then what stack.json remembers.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openHoldfast } from '../harness/holdfast.ts';
import { openAsker, type Asker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import type { Holdfast, TestConfig } from '../harness/holdfast.ts';
import { waitFor } from '../harness/wait-for.ts';
import { readPids } from './stack-pids.ts';

const alertmanagerConfig = (receiver: string) => `
route: {receiver: ${receiver}}
receivers:
  - name: ${receiver}
    webhook_configs: [{url: 'http://127.0.0.1:9/'}]
`;
const rules = (expression: string) => `
groups:
  - name: shop
    rules:
      - record: shop:orders:double
        expr: ${expression}
`;

describeStack('the configuration of a running stack changes', () => {
  let holdfast: Holdfast;
  let asker: Asker;
  let shop: Server;
  let config: TestConfig = {};

  const fileOf = (name: string) => join(holdfast.directory, name);
  const configure = async (more: TestConfig) => {
    config = { ...config, ...more };
    await holdfast.configure(config);
  };
  /** Runs `up`, and makes sure that these components have new processes and all others the same. */
  const upRestarts = async (restarted: readonly string[]) => {
    const before = await readPids(holdfast);
    const { json } = await holdfast.succeed(['up']);
    const after = await readPids(holdfast);
    expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
    expect(Object.keys(after).filter((name) => after[name] !== before[name])).toEqual(restarted);
    const titles = (json.steps ?? []).map(({ title }) => title).filter((title) => /^(?:stop|start) /.test(title));
    expect(titles).toEqual(
      restarted.flatMap((name) => [`stop ${name} (pid ${before[name]}): its configuration changes`, `start ${name}`]),
    );
  };
  const isRefused = async (words: readonly string[], code: string) => {
    const before = await readPids(holdfast);
    const { exitCode, json } = await holdfast.run(words);
    expect({ exitCode, code: json.error?.code }).toEqual({ exitCode: 10, code });
    expect(await readPids(holdfast)).toEqual(before);
    return json.error?.message ?? '';
  };

  afterAll(() => shop.close());

  test('a stack, and a shop of its owner that has metrics', async () => {
    shop = createServer((_, response) => response.end('shop_orders 21\n'));
    await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve));
    holdfast = await openHoldfast();
    await holdfast.succeed(['up']);
    asker = await openAsker(holdfast);
  });

  test('the plan shows what differs, and does nothing', async () => {
    const { port } = shop.address() as AddressInfo;
    await writeFile(fileOf('rules.yml'), rules('shop_orders * 2'));
    await writeFile(
      fileOf('scrape.yml'),
      `scrape_configs: [{job_name: shop, static_configs: [{targets: ['127.0.0.1:${port}']}]}]\n`,
    );
    await configure({
      prometheus: { ruleFiles: [fileOf('rules.yml')], scrapeFiles: [fileOf('scrape.yml')], retention: '20d' },
    });
    const before = await readPids(holdfast);
    const { stdout, exitCode } = await holdfast.say(['up', '--plan']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`prometheus.ruleFiles: none -> ${fileOf('rules.yml')}`);
    expect(stdout).toContain(`prometheus.scrapeFiles: none -> ${fileOf('scrape.yml')}`);
    expect(stdout).toMatch(/prometheus\.retention: 15d -> 20d/);
    expect(stdout).toContain(`stop prometheus (pid ${before['prometheus']}): its configuration changes`);
    expect(stdout).not.toContain('stop alertmanager');
    expect(await readPids(holdfast)).toEqual(before);
  });

  test('further rules and targets restart Prometheus alone, and are in effect', async () => {
    await upRestarts(['prometheus']);
    expect(Object.values(await asker.waitForSeries('shop_orders{job="shop"}'))).toEqual(['21']);
    expect(Object.values(await asker.waitForSeries('shop:orders:double'))).toEqual(['42']);
  });

  test('the same path with another content restarts it as well', async () => {
    await writeFile(fileOf('rules.yml'), rules('shop_orders * 3'));
    await upRestarts(['prometheus']);
    await waitFor('the new rule counts', async () => {
      const values = Object.values(await asker.query('shop:orders:double', Date.now()));
      return values.includes('63');
    });
  });

  test("the user's Alertmanager config is passed through, and restarts Alertmanager alone", async () => {
    expect((await holdfast.status()).findings.map(({ rule }) => rule)).toContain('no-receiver');
    await writeFile(fileOf('alertmanager.yml'), alertmanagerConfig('the-owner'));
    await configure({ alertmanager: { config: fileOf('alertmanager.yml') } });
    await upRestarts(['alertmanager']);
    expect(await asker.get('alertmanager', '/api/v2/status')).toContain('the-owner');
    expect((await holdfast.status()).findings.map(({ rule }) => rule)).not.toContain('no-receiver');
  });

  test('a new port that another process has is refused, and names that process', async () => {
    const { port } = shop.address() as AddressInfo;
    await holdfast.configure({ ...config, pushgateway: { port } });
    expect(await isRefused(['up'], 'port-taken')).toContain(String(process.pid));
    await holdfast.configure(config);
    expect((await holdfast.succeed(['up'])).json).toMatchObject({ run: null, steps: [] });
  });

  test('a file with a mistake is refused before anything stops', async () => {
    await writeFile(fileOf('rules.yml'), rules('shop_orders * ('));
    for (const words of [['up'], ['rebuild', '--confirm', 'monitoring']]) {
      expect(await isRefused(words, 'component-config')).toContain('Nothing was stopped');
    }
    await writeFile(fileOf('rules.yml'), rules('shop_orders * 3'));
    await writeFile(fileOf('alertmanager.yml'), alertmanagerConfig('the-owner').replace('receivers:', 'recievers:'));
    expect(await isRefused(['up'], 'component-config')).toContain('recievers');
    await writeFile(fileOf('alertmanager.yml'), alertmanagerConfig('the-owner'));
    expect((await holdfast.succeed(['up'])).json).toMatchObject({ run: null, steps: [] });
  });

  test('the config file of another stack is refused', async () => {
    await holdfast.configure({ ...config, stack: 'of-somebody-else' });
    for (const words of [['up'], ['rebuild', '--confirm', 'of-somebody-else'], ['status']]) {
      expect(await isRefused(words, 'other-stack')).toContain('"monitoring"');
    }
    await holdfast.configure(config);
  });

  test('without a config file, stack.json remembers all of it', async () => {
    const bare = { bare: true };
    const { json } = await holdfast.succeed(['up', '--data', holdfast.dataRoot], bare);
    expect(json).toMatchObject({ ok: true, run: null, steps: [] });
    const { json: plan } = await holdfast.succeed(['rebuild', '--plan', '--data', holdfast.dataRoot], bare);
    expect(plan).toMatchObject({ plan: { differences: [] } });
  });

  test('a flag comes before the environment, and that before the config file', async () => {
    const elsewhere = fileOf('elsewhere');
    const rootOf = async (words: readonly string[], environment: Readonly<Record<string, string>>) => {
      const { json } = await holdfast.run(['status', ...words], { bare: true, environment });
      return json.dataRoot ?? json.error?.message;
    };
    await holdfast.configure({ ...config, data: holdfast.dataRoot });
    const { dataRoot, configFile } = holdfast;
    expect(await rootOf([], { HOLDFAST_CONFIG: configFile })).toBe(dataRoot);
    expect(await rootOf(['--config', configFile], { HOLDFAST_CONFIG: fileOf('no-such.yaml') })).toBe(dataRoot);
    expect(await rootOf([], { HOLDFAST_DATA: dataRoot })).toBe(dataRoot);
    expect(await rootOf(['--data', dataRoot], { HOLDFAST_DATA: elsewhere })).toBe(dataRoot);
    expect(await rootOf([], { HOLDFAST_CONFIG: configFile, HOLDFAST_DATA: elsewhere })).toContain(elsewhere);
    expect(await rootOf(['--data', elsewhere], { HOLDFAST_DATA: dataRoot })).toContain(elsewhere);
    await holdfast.configure(config);
  });
});
