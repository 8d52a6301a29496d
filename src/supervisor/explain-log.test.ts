import { expect, test } from 'vitest';
import type { ProcessComponent } from '../model/component.ts';
import { explainLog } from './explain-log.ts';

function explain(component: ProcessComponent, ...lines: readonly string[]) {
  const context = { volume: '/data/volumes/it', port: 30090, listener: 'python3 (pid 7)' };
  return explainLog(lines, { component, ...context });
}

const level = 'ts=2026-11-24T02:22:26.375Z caller=main.go:1180 level=error';

test.each<readonly [ProcessComponent, string, string, RegExp]>([
  [
    'prometheus',
    `${level} err="opening storage failed: reloadBlocks: corrupted block 01HZXV4K8Q6M3T5N7P9R1S2W4Y: invalid magic number 0"`,
    'corrupt-file',
    /01HZXV4K8Q6M3T5N7P9R1S2W4Y is broken/,
  ],
  [
    'prometheus',
    `${level} err="opening storage failed: reloadBlocks: 1 error: corrupted block \\"01HZXV4K8Q6M3T5N7P9R1S2W4Y\\": x"`,
    'corrupt-file',
    /01HZXV4K8Q6M3T5N7P9R1S2W4Y is broken/,
  ],
  [
    'prometheus',
    `${level} err="opening storage failed: lock DB directory: resource temporarily unavailable"`,
    'volume-locked',
    /Another Prometheus/,
  ],
  [
    'prometheus',
    `${level} msg="append failed" err="write to WAL: log samples: write /d/wal/1: no space left on device"`,
    'disk-full',
    /no space/,
  ],
  [
    'prometheus',
    `${level} msg="Error opening query log file" file=/x/queries.active err="open /x/queries.active: permission denied"`,
    'io',
    /\/x\/queries.active/,
  ],
  ['prometheus', 'panic: Unable to create mmap-ed active query log', 'io', /queries.active/],
  [
    'prometheus',
    `${level} msg="Unable to start web listener" err="listen tcp 127.0.0.1:30090: bind: address already in use"`,
    'port-taken',
    /30090.*python3 \(pid 7\)/,
  ],
  [
    'prometheus',
    `${level} msg="Error loading config (--config.file=/x)" err="parsing YAML file /x: line 3: field scrape not found"`,
    'bad-config',
    /line 3/,
  ],
  [
    'prometheus',
    "Error parsing commandline arguments: unknown long flag '--storage.tsdb.use-lockfile'",
    'program-changed',
    /use-lockfile/,
  ],
  ['prometheus', `${level} err="opening storage failed: something new"`, 'corrupt-file', /something new/],
  [
    'alertmanager',
    `${level} component=configuration msg="Loading configuration file failed" file=/x err="undefined receiver \\"a\\" used in route"`,
    'bad-config',
    /undefined receiver "a"/,
  ],
  ['pushgateway', `${level} msg="could not load persisted metrics" err=EOF`, 'pushgateway-file-unreadable', /\(EOF\)/],
  [
    'pushgateway',
    `${level} msg="could not load persisted metrics" err="gob: bad data"`,
    'pushgateway-file-unreadable',
    /gob: bad data/,
  ],
])('%s: %s', (component, line, code, words) => {
  const explanation = explain(component, 'level=info msg="before"', line, 'level=info msg="after"');
  expect(explanation?.code).toBe(code);
  expect(explanation?.message).toMatch(words);
  expect(explanation?.remedy).not.toBe('');
});

test.each([
  [
    'a broken block',
    'reloadBlocks: corrupted block 01HZXV4K8Q6M3T5N7P9R1S2W4Y: invalid magic number 0',
    'Block 01HZXV4K8Q6M3T5N7P9R1S2W4Y is broken',
  ],
  [
    'a segment that is missing',
    'get segment range: segments are not sequential',
    'cannot open /data/volumes/it/prometheus-db: get segment range: segments are not sequential. ',
  ],
  [
    'a WAL that its own repair cannot mend',
    'repair corrupted WAL: cannot handle error: segment \\"3\\" is gone',
    'repair corrupted WAL: cannot handle error: segment "3" is gone. ',
  ],
])('%s is for `holdfast repair`, and no stray quote is quoted', (_what, why, words) => {
  const explanation = explain('prometheus', `${level} err="opening storage failed: ${why}"`);
  expect(explanation?.message).toContain(words);
  expect(explanation?.message).not.toMatch(/"\./);
  expect(explanation?.remedy).toMatch(/^Run `holdfast repair --plan`/);
  expect(explanation?.remedy).not.toContain('mv ');
});

test('the newest line that is known wins, and unknown ones are not explained', () => {
  expect(explain('grafana', 'a: no space left on device', 'b: permission denied')?.code).toBe('io');
  expect(explain('grafana', 'level=error msg="something else"')).toBeUndefined();
});

test('a line of one component means nothing in the log of another', () => {
  expect(explain('grafana', `${level} msg="could not load persisted metrics" err=EOF`)).toBeUndefined();
});
