/**
 * A stack moves to another machine. `teardown` takes its inventory, stops everything and removes run/, and nothing else.
 * The data root is copied to another directory, as another machine has it: another home, a program cache of its own; the
 * original is moved out of reach. `rebuild` there brings the stack up with its history, its passwords, its silences and
 * what was pushed, and proves it under the run that took the inventory. At last `teardown --purge-programs` empties that
 * machine's cache, and no other.
 */
import { access, cp, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openHoldfast } from '../harness/holdfast.ts';
import { openAsker, type Asker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { findProcessesNaming } from '../harness/find-processes.ts';
import type { Holdfast } from '../harness/holdfast.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';
import { sharedProgramCache } from '../harness/test-cache.mjs';

const everything = '{__name__!=""}';

describeStack('a stack is torn down and moves', () => {
  let here: Holdfast;
  let there: Holdfast;
  let credentials: Awaited<ReturnType<Holdfast['credentials']>>;
  let silence: string;
  let at: number;
  let answers: Readonly<Record<string, string>>;
  let teardownRun: string;
  let asker: Asker;

  test('a stack with history, a silence and a pushed metric', async () => {
    here = await openHoldfast();
    await here.succeed(['up']);
    asker = await openAsker(here);
    credentials = await here.credentials();
    silence = await asker.silence('moves along');
    await asker.push('batch', 'batch_duration_seconds', 7);
    await asker.waitForSeries('batch_duration_seconds');
    await asker.waitForSeries('up{job="node-exporter"}');
    at = Date.now();
    // Whatever is scraped until then is committed by the time that five later scrapes are.
    await asker.waitForSeries(`timestamp(up{job="node-exporter"}) > ${at / 1000 + 5}`);
    answers = await asker.query(everything, at);
    expect(Object.keys(answers).length).toBeGreaterThan(500);
  });

  test('teardown stops everything, and removes run/ alone', async () => {
    const kept = (path: string) => /^(?:run|lock\.json)(?:\/|$)/.test(path);
    const names = new Set(Object.keys(await snapshotTree(here.dataRoot, { except: kept })));
    const { json } = await here.succeed(['teardown', '--confirm', 'monitoring']);
    expect(json.proof).toBeNull();
    teardownRun = json.run ?? '';
    expect(teardownRun).toContain('-teardown-');
    expect(await findProcessesNaming(here.directory)).toEqual([]);
    const after = await readdir(here.dataRoot);
    expect(after).toEqual(
      expect.arrayContaining(['stack.json', 'volumes', 'logs', 'journal', 'records', 'inventories', 'secrets']),
    );
    expect(after).not.toContain('run');
    for (const component of ['prometheus', 'alertmanager', 'pushgateway']) {
      await access(here.path('volumes', component, '.holdfast.json'));
    }
    for (const name of [...names].filter((path) => /^(?:logs|journal|records|secrets)\//.test(path))) {
      await access(here.path(name));
    }
    expect(await readdir(here.path('inventories'))).toEqual([`${teardownRun}.json`, 'tsdb']);
    expect(await readdir(here.path('inventories', 'tsdb'))).toEqual([`${teardownRun}.json`]);
    expect(await readdir(here.path('records'))).toContain(`${teardownRun}.json`);
  });

  test('status of what was torn down is ok, and says that it is down and owed a proof', async () => {
    const { exitCode, json } = await here.run(['status']);
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({ ok: true, desired: 'down', daemon: null });
    expect(json.findings).toContainEqual(
      expect.objectContaining({ rule: 'proof-owed', severity: 'warning', object: `runs/${teardownRun}` }),
    );
    expect(json.components?.filter(({ pid }) => pid !== null)).toEqual([]);
  });

  test('on another machine, the copy is rebuilt and proven under the run that took the inventory', async () => {
    const machine = join(here.directory, 'machine');
    await mkdir(machine);
    const cache = join(machine, 'cache');
    await cp(sharedProgramCache(), cache, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    await cp(here.dataRoot, join(machine, 'data'), {
      recursive: true,
      preserveTimestamps: true,
      verbatimSymlinks: true,
    });
    await rename(here.dataRoot, `${here.dataRoot}-out-of-reach`);
    there = await openHoldfast({ dataRoot: join(machine, 'data'), cache });
    expect(there.environment['HOME']).not.toBe(here.environment['HOME']);
    expect(there.ports).not.toEqual(here.ports);
    const { json } = await there.succeed(['rebuild', '--confirm', 'monitoring']);
    expect(json.run).toBe(teardownRun);
    expect(json.proof).toMatchObject({ run: teardownRun, lost: { samples: 0, windows: [] }, expired: { samples: 0 } });
    expect(json.proof?.completeToMs).toBeGreaterThan(at);
    expect(json.proof?.kept.samples).toBeGreaterThan(500);
    expect(json.proof?.components).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'alertmanager', kept: 1, lost: 0, checked: true }),
        expect.objectContaining({ name: 'pushgateway', kept: 1, lost: 0, checked: true }),
      ]),
    );
    const pins = (await there.stackFile()).programs;
    for (const { name } of pins.filter((pin) => pin.name === 'prometheus')) {
      const [process] = (await findProcessesNaming(there.dataRoot)).filter(({ commandLine }) =>
        commandLine.includes(name),
      );
      expect(process?.commandLine).toContain(cache);
    }
  });

  test('history, passwords, silences and pushed metrics have come along', async () => {
    expect(await there.credentials()).toEqual(credentials);
    asker = await openAsker(there);
    expect(await asker.query(everything, at)).toEqual(answers);
    expect(await asker.listSilences()).toEqual([silence]);
    expect(await asker.get('pushgateway', '/metrics')).toContain('batch_duration_seconds{instance="",job="batch"} 7');
    await asker.waitForSeries('batch_duration_seconds');
    expect(await there.status()).toMatchObject({ ok: true, lastProof: { run: teardownRun, ok: true } });
    // The rebuild has gone on with the run of the teardown.
    const { runs = [] } = (await there.succeed(['runs'])).json;
    expect(runs.map(({ run, state }) => `${run} ${state}`)).toContain(`${teardownRun} done`);
    expect(runs).toHaveLength(2);
  });

  test('teardown --purge-programs empties the cache of this machine; stack.json still says what was in it', async () => {
    const pins = (await there.stackFile()).programs;
    await there.succeed(['teardown', '--confirm', 'monitoring', '--purge-programs']);
    const entries = join('holdfast', 'programs', 'entries');
    expect(await readdir(join(there.environment['XDG_CACHE_HOME'] ?? '', entries)).catch(() => [])).toEqual([]);
    expect((await readdir(join(sharedProgramCache(), entries))).length).toBeGreaterThan(0);
    expect((await there.stackFile()).programs).toEqual(pins);
    expect(pins.map(({ name }) => name)).toEqual(expect.arrayContaining(['prometheus', 'alertmanager', 'pushgateway']));
  });
});
