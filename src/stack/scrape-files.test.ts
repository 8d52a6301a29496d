import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { renderScrapeFiles } from './scrape-files.ts';

const file = (text: string, path = '/etc/prometheus/extra.yml') => ({ path, text });
const render = (...texts: readonly string[]) =>
  renderScrapeFiles(
    texts.map((text) => file(text)),
    ['prometheus'],
  );

describe('renderScrapeFiles', () => {
  it('makes one list of several files', () => {
    const text = render(
      'scrape_configs: [{job_name: a}]',
      'scrape_configs:\n- job_name: b\n  static_configs:\n  - targets: ["b:1"]\n',
    );
    expect(parse(text)).toEqual([{ job_name: 'a' }, { job_name: 'b', static_configs: [{ targets: ['b:1'] }] }]);
  });

  it.each(['', '# nothing yet\n', 'scrape_configs:', 'scrape_configs: []'])('takes a file without any: %j', (text) => {
    expect(render(text)).toBe('');
  });

  it('finds relative paths from the directory of the file', () => {
    const text = render(
      'scrape_configs: [{job_name: a, tls_config: {ca_file: ca.pem}, file_sd_configs: [{files: [a/*.json, /b.json]}]}]',
    );
    expect(parse(text)).toEqual([
      {
        job_name: 'a',
        tls_config: { ca_file: '/etc/prometheus/ca.pem' },
        file_sd_configs: [{ files: ['/etc/prometheus/a/*.json', '/b.json'] }],
      },
    ]);
  });

  it('leaves labels that are named like paths', () => {
    const text = 'scrape_configs: [{job_name: a, static_configs: [{labels: {config_file: x}, targets: [a]}]}]';
    expect(render(text)).toContain('config_file: x');
  });

  it.each([
    [
      'a job of the stack itself',
      'scrape_configs: [{job_name: prometheus}]',
      /the job prometheus is already .*Holdfast/,
    ],
    ['the same job twice', 'scrape_configs: [{job_name: a}, {job_name: a}]', /the job a is already/],
    ['a whole prometheus.yml', 'global: {}\nscrape_configs: []', /scrape_configs and nothing else/],
    ['a bare list', '- job_name: a', /must be a map/],
    ['a map in the place of the list', 'scrape_configs: {job_name: a}', /must be a list/],
    ['a job without a name', 'scrape_configs: [{static_configs: []}]', /a map with a job_name/],
    ['no YAML', 'scrape_configs: [', /^\/etc\/prometheus\/extra\.yml:1:\d+ /],
  ])('refuses %s', (_, text, message) => {
    expect(() => render(text)).toThrow(
      expect.objectContaining({ code: 'bad-config', message: expect.stringMatching(message) }),
    );
  });

  it('answers any text with a list or with bad-config', () => {
    const pieces = fc.array(
      fc.constantFrom('scrape_configs:', '\n', '  ', '- ', 'job_name: ', '*a', '&a ', '{', '[', '"', 'é', '|'),
    );
    const texts = fc.oneof(
      fc.string(),
      pieces.map((list) => list.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          const list: unknown = parse(render(text), { schema: 'failsafe' });
          return list === null || Array.isArray(list);
        } catch (error) {
          return error instanceof HoldfastError && error.code === 'bad-config';
        }
      }),
    );
  });
});
