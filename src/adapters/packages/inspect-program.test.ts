import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inspectProgram, parseHelpFlags, parseProgramVersion } from './inspect-program.ts';
import { programTable } from './program-table.ts';
import { fakeProgram, writePrograms } from './test-support/fake-programs.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-inspect-'));
});
afterAll(() => rm(directory, { recursive: true }));

describe('parseProgramVersion', () => {
  test.each([
    ['prometheus', 'prometheus, version 2.42.0+ds (branch: debian/sid, revision: 2.42.0+ds-5+deb12u1)', '2.42.0'],
    ['prometheus', 'prometheus, version 3.14.0 (branch: HEAD, revision: 12)\n  go version: go1.24', '3.14.0'],
    ['prometheus', 'prometheus, version 3.15.0-rc.0 (branch: HEAD, revision: 12)', '3.15.0-rc.0'],
    ['pushgateway', 'pushgateway, version 1.5.1 (branch: debian/sid)', '1.5.1'],
    ['grafana', 'grafana version 13.2.1', '13.2.1'],
    ['grafana', 'Version 9.5.2 (commit: cfcea75916, branch: HEAD)', '9.5.2'],
    ['promtool', 'prometheus, version 3.14.0 (branch: HEAD)', undefined],
    ['prometheus', 'grep (GNU grep) 3.8', undefined],
  ] as const)('%s says %j', (name, text, version) => {
    expect(parseProgramVersion(text, programTable[name])).toBe(version);
  });
});

test('flags are read as kingpin, newer kingpin, and the flag package print them', () => {
  const text = `usage: prometheus [<flags>]

Flags:
  -h, --help                     Show context-sensitive help (also try
                                 --help-long and --help-man).
      --[no-]version             Show application version.
      --config.file="prometheus.yml"
                                 Prometheus configuration file path.
      --[no-]storage.tsdb.no-lockfile
                                 Do not create lockfile in data directory.
      --[no-]collector.arp       Enable the arp collector (default: enabled).
  -homepath string
    	path to grafana install/home path, defaults to working directory
`;
  expect(parseHelpFlags(text)).toEqual([
    'collector.arp',
    'config.file',
    'help',
    'homepath',
    'storage.tsdb.no-lockfile',
    'version',
  ]);
});

describe('inspectProgram', () => {
  test('asks a program with nothing of our environment', async () => {
    process.env['HOLDFAST_TEST_LEAK'] = 'leaked';
    const script = fakeProgram({ name: 'pushgateway', version: '1.11.3' }).replace(
      '#!/bin/sh',
      '#!/bin/sh\n[ -z "$HOLDFAST_TEST_LEAK" ] || exit 1',
    );
    await writePrograms(directory, { pushgateway: script });
    const found = await inspectProgram('pushgateway', join(directory, 'pushgateway'));
    expect(found).toEqual({ ok: true, version: '1.11.3', flags: ['help', 'web.config.file'] });
  });

  test('says why something is not that program', async () => {
    await writePrograms(directory, {
      other: '#!/bin/sh\necho something else\n',
      endless: '#!/bin/sh\nexec yes\n',
    });
    await writeFile(join(directory, 'data'), 'no program');
    const reasons = await Promise.all(
      ['other', 'endless', 'data', 'missing'].map((name) => inspectProgram('prometheus', join(directory, name))),
    );
    expect(reasons).toEqual([
      { ok: false, reason: 'does not say that it is prometheus when asked for its version' },
      { ok: false, reason: 'does not stop talking when asked --version' },
      { ok: false, reason: 'cannot be run (EACCES)' },
      { ok: false, reason: 'cannot be run (ENOENT)' },
    ]);
  });
});
