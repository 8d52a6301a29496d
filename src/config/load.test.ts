import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { loadConfigFile, parseConfigFile } from './load.ts';

const options = { path: 'holdfast.yaml', directory: '/etc/holdfast', home: '/home/me' };

function mistakesIn(text: string): string {
  try {
    parseConfigFile(text, options);
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'bad-config') return error.message;
    throw error;
  }
  return 'none';
}

describe('parseConfigFile', () => {
  test('reads every key, in units of the model and with absolute paths', () => {
    const text = `
stack: monitoring
platform: standalone
data: ../data
listen: "::"
prometheus: {port: 1, scrapeInterval: 1m30s, retention: 2w, retentionSize: 512MB, scrapeFiles: [a.yml], ruleFiles: [/b.yml]}
alertmanager: {port: 2, config: ~/alertmanager.yml}
pushgateway: {port: 3}
nodeExporter: {port: 4}
grafana: {port: 5}
console: {port: 6}
programs: {prometheus: bin/prometheus, promtool: null}
programSource: http://127.0.0.1:8080/mirror
`;
    expect(parseConfigFile(text, options).values).toEqual({
      stack: 'monitoring',
      platform: 'standalone',
      data: '/etc/data',
      listen: '::',
      prometheus: {
        port: 1,
        scrapeInterval: 90_000,
        retention: 1_209_600_000,
        retentionSize: 536_870_912,
        scrapeFiles: ['/etc/holdfast/a.yml'],
        ruleFiles: ['/b.yml'],
      },
      alertmanager: { port: 2, config: '/home/me/alertmanager.yml' },
      pushgateway: { port: 3 },
      nodeExporter: { port: 4 },
      grafana: { port: 5 },
      console: { port: 6 },
      programs: { prometheus: '/etc/holdfast/bin/prometheus', promtool: null },
      programSource: 'http://127.0.0.1:8080/mirror',
    });
  });

  test.each(['', '# nothing yet\n', 'prometheus:\ngrafana:\n', '{}'])(
    'takes %j for a file that says nothing',
    (text) => {
      expect(parseConfigFile(text, options).values).toEqual({});
    },
  );

  test('names three mistakes at once, each where it stands and with what was probably meant', () => {
    const text = `stack: monitoring
prometheus:
  port: 70000
  retentoin: 30d
grafana: {port: 30300}
alertmanger:
  port: 30093
`;
    expect(mistakesIn(text)).toMatchInlineSnapshot(`
      "holdfast.yaml:3:9 prometheus.port: must be a port number, 1 to 65535
      holdfast.yaml:4:3 prometheus.retentoin: unknown key, did you mean retention?
      holdfast.yaml:6:1 alertmanger: unknown key, did you mean alertmanager?"
    `);
  });

  test.each([
    ['stack: My Stack', '1:8 stack: must be a DNS label: lower-case letters, digits and inner dashes, at most 63'],
    ['stack: 12', '1:8 stack: must be a name'],
    ['platform: kubernetes', '1:11 platform: must be standalone'],
    [
      'listen: 127.0.0.1:80',
      '1:9 listen: must be an IP address or a host name without a port, as 127.0.0.1 or 0.0.0.0',
    ],
    ['listen: 127.0.0.300', '1:9 listen: must be an IP address or a host name without a port, as 127.0.0.1 or 0.0.0.0'],
    ['grafana: {port: "80"}', '1:17 grafana.port: must be a port number, 1 to 65535'],
    ['grafana: {port: 0}', '1:17 grafana.port: must be a port number, 1 to 65535'],
    ['grafana: {port: }', '1:11 grafana.port: must be a port number, 1 to 65535'],
    ['prometheus: 30090', '1:13 prometheus: must be a mapping, as {port: 1234}'],
    ['prometheus: {scrapeInterval: 15}', '1:30 prometheus.scrapeInterval: must be a duration, as 15s'],
    ['prometheus: {scrapeInterval: 1s5}', '1:30 prometheus.scrapeInterval: must be a duration, as 15s'],
    ['prometheus: {scrapeInterval: 1ms}', '1:30 prometheus.scrapeInterval: must be from 100ms to 1h'],
    ['prometheus: {retentionSize: 15}', '1:29 prometheus.retentionSize: must be a size, as 15GiB'],
    ['prometheus: {ruleFiles: a.yml}', '1:25 prometheus.ruleFiles: must be a list of files, as [a.yml, b.yml]'],
    ['prometheus:\n  ruleFiles:\n    - a.yml\n    - 7', '4:7 prometheus.ruleFiles[1]: must be the path of a file'],
    ['prometheus: {port: 9, ruleFile: []}', '1:23 prometheus.ruleFile: unknown key, did you mean ruleFiles?'],
    ['retention: 15d', '1:1 retention: unknown key, did you mean prometheus.retention?'],
    ['programs: {promtol: /bin/true}', '1:12 programs.promtol: unknown key, did you mean promtool?'],
    ['zebra: 1', '1:1 zebra: unknown key'],
    [
      'programSource: ftp://example.org',
      '1:16 programSource: must be an http or https URL without user and password in it',
    ],
    [
      'programSource: http://u:p@example.org',
      '1:16 programSource: must be an http or https URL without user and password in it',
    ],
    ['grafana: {port: 30090}\nprometheus: {port: 30090}', '1:17 grafana.port: 30090 is the port of prometheus already'],
    ['- stack', '1:1 must be a mapping, as `stack: monitoring`'],
    ['stack: a\nstack: b', '2:1 Map keys must be unique'],
  ])('%j', (text, expected) => {
    expect(mistakesIn(text)).toBe(`holdfast.yaml:${expected}`);
  });

  test('points at a mistake of YAML itself', () => {
    expect(mistakesIn('prometheus: {port: 1\nstack: [')).toMatch(/^holdfast\.yaml:\d+:\d+ \S/);
  });

  test('neither an alias bomb nor deep nesting gets through', () => {
    const bomb = Array.from({ length: 30 }, (_, i) => `a${i}: &a${i} [${i === 0 ? 'x' : `*a${i - 1}, *a${i - 1}`}]`);
    expect(mistakesIn(bomb.join('\n'))).toContain('holdfast.yaml:1:1');
    expect(mistakesIn('['.repeat(100_000))).toContain('holdfast.yaml:');
  });

  test('any text is either understood or refused with a position', () => {
    const key = fc.constantFrom('stack', 'listen', 'prometheus', 'port', 'retention', 'zebra', '__proto__', '"');
    const value = fc.constantFrom('a', '1', '{port: 7}', '[x', '&a b', '*a', '!t x', '~', '"', '15d', '-1');
    const line = fc.tuple(fc.nat(4), key, value).map(([indent, k, v]) => `${' '.repeat(indent)}${k}: ${v}`);
    const text = fc.oneof(
      fc.string(),
      fc.array(line, { maxLength: 6 }).map((all) => all.join('\n')),
    );
    fc.assert(
      fc.property(text, (yaml) => {
        const said = mistakesIn(yaml);
        if (said === 'none') return;
        for (const row of said.split('\n')) expect(row).toMatch(/^holdfast\.yaml:\d+:\d+ \S/);
      }),
    );
  });
});

describe('loadConfigFile', () => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-config-'));
  });
  afterAll(async () => rm(directory, { recursive: true }));

  const load = (path: string) =>
    loadConfigFile(path, { workingDirectory: directory, home: undefined, namedBy: 'HOLDFAST_CONFIG' });

  test('paths are relative to the file, not to the working directory', async () => {
    await writeFile(join(directory, 'a.yaml'), 'data: d\n');
    const file = await load('a.yaml');
    expect(file.values.data).toBe(join(directory, 'd'));
    expect(file.path).toBe('a.yaml');
  });

  test('a file that is named and missing is an error that says who named it', async () => {
    await expect(load('none.yaml')).rejects.toMatchObject({
      code: 'bad-config',
      message: 'The config file none.yaml (named by HOLDFAST_CONFIG) does not exist.',
    });
  });

  test('a directory, a device and a huge file are refused', async () => {
    await writeFile(join(directory, 'huge.yaml'), `# ${'x'.repeat(300 * 1024)}`);
    await expect(load('.')).rejects.toThrow('is not a regular file');
    await expect(load('/dev/zero')).rejects.toThrow('is not a regular file');
    await expect(load('huge.yaml')).rejects.toThrow('is larger than 256 KiB');
  });
});
