/**
 * A newcomer's first trip. On a data root that is not there yet, `up` makes a stack and says in a table where everything
 * is; a second `up` finds nothing to do. Nobody gets in without the password, and it stands nowhere but in files of its
 * owner. A metric is pushed, a silence is made, samples come in. `rebuild --plan` changes nothing, `rebuild` asks for the
 * name, and once it has it, takes everything apart but the daemon and proves that nothing was lost: old samples, silences
 * and pushed metrics give the same answers as before. `down` and `up` stop and start it, and `runs` remembers all of it.
 */
import { readFile, stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { mainFile, openHoldfast } from '../harness/holdfast.ts';
import { ask, openAsker, type Asker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { findProcessesNaming, listListeners } from '../harness/find-processes.ts';
import type { Holdfast } from '../harness/holdfast.ts';
import { runCommand } from '../harness/run-command.ts';
import { waitFor } from '../harness/wait-for.ts';
import { listFilesHolding, listOpenPaths, listProcessesShowing } from './secret-places.ts';
import { readDaemonPid, readPids } from './stack-pids.ts';

/** Every series with its value. */
const everything = '{__name__!=""}';
const stackComponents = ['prometheus', 'alertmanager', 'pushgateway', 'node-exporter'];

describeStack('a first trip', () => {
  let holdfast: Holdfast;
  let asker: Asker;
  let silence: string;
  let at: readonly number[];
  let answers: readonly Readonly<Record<string, string>>[];

  const askAgain = async () => Promise.all(at.map(async (atMs) => asker.query(everything, atMs)));
  const pushed = async () =>
    (await asker.get('pushgateway', '/metrics')).split('\n').filter((line) => line.startsWith('trip_'));

  test('up makes a stack where there was nothing, and ends with a table', async () => {
    holdfast = await openHoldfast();
    const { exitCode, stdout, stderr } = await holdfast.say(['up']);
    expect(stderr).toContain('make volume prometheus');
    expect(exitCode).toBe(0);
    for (const name of stackComponents)
      expect(stdout).toMatch(new RegExp(`^${name} +running +http://127\\.0\\.0\\.1:\\d+`, 'm'));
    expect(stdout).toMatch(/^kube-state-metrics +not-applicable/m);
    expect(stdout).toContain(`holdfast --data '${holdfast.dataRoot}' credentials`);
    expect(stdout).toContain(holdfast.path('secrets', 'password'));
    expect(stdout).toContain(`ssh -L ${holdfast.ports.prometheus}:127.0.0.1:${holdfast.ports.prometheus}`);
    expect(stdout).toContain('After a reboot: nothing starts it again');
    asker = await openAsker(holdfast);
  });

  test('status names the data root in what it tells to run, where --data has named it', async () => {
    const { exitCode, stdout } = await holdfast.say(['status', '--data', holdfast.dataRoot], { bare: true });
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`run \`holdfast --data '${holdfast.dataRoot}' up\``);
  });

  test('status says the same as one object', async () => {
    const { exitCode, json } = await holdfast.run(['status']);
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({ ok: true, stack: 'monitoring', platform: 'standalone', desired: 'up' });
    for (const name of stackComponents) {
      const found = json.components?.find((component) => component.name === name);
      expect(found).toMatchObject({ state: 'running', restarts: 0, reason: null });
      expect(found?.version).toMatch(/^\d+\.\d+/);
    }
    expect(json.volumes?.map(({ component, state }) => `${component} ${state}`)).toEqual(
      expect.arrayContaining(['prometheus ok', 'alertmanager ok', 'pushgateway ok']),
    );
    expect(json.findings?.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  test('a status that could not be written, as to a full disk, is no good one', async () => {
    const line = ['-c', '"$0" "$1" status --data "$2" > /dev/full', process.execPath, mainFile(), holdfast.dataRoot];
    const { exitCode, stderr } = await runCommand('sh', line, { environment: holdfast.environment });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('could not be written to stdout');
  });

  test('a second up has nothing to do', async () => {
    const pids = await readPids(holdfast);
    const { json } = await holdfast.succeed(['up']);
    expect(json).toMatchObject({ ok: true, run: null, steps: [] });
    expect(await readPids(holdfast)).toEqual(pids);
  });

  test('everything listens on 127.0.0.1 alone, on the ports of the config, and there is no gossip', async () => {
    const pids = (await findProcessesNaming(holdfast.directory)).map(({ pid }) => pid);
    const sockets = await listListeners(pids);
    const { prometheus, alertmanager, pushgateway, nodeExporter, grafana } = holdfast.ports;
    const expected = [prometheus, alertmanager, pushgateway, nodeExporter];
    expect(new Set(sockets.map(({ address }) => address))).toEqual(new Set(['127.0.0.1']));
    expect(
      sockets
        .map(({ port }) => port)
        .filter((port) => port !== grafana)
        .sort(),
    ).toEqual(expected.sort());
  });

  test('every port asks for the password', async () => {
    const paths: Readonly<Record<string, string>> = {
      prometheus: '/api/v1/query?query=up',
      alertmanager: '/api/v2/silences',
      pushgateway: '/metrics',
      nodeExporter: '/metrics',
    };
    for (const [name, path] of Object.entries(paths)) {
      const port = holdfast.ports[name as keyof Holdfast['ports']];
      expect(await ask(port, path), name).toMatchObject({ status: 401 });
      expect(await ask(port, path, { as: 'holdfast:wrong' }), name).toMatchObject({ status: 401 });
      expect(await ask(port, path, { as: asker.as }), name).toMatchObject({ status: 200 });
    }
    const push = await ask(holdfast.ports.pushgateway, '/metrics/job/nobody', { method: 'PUT', body: 'nobody 1\n' });
    expect(push.status).toBe(401);
  });

  test('the password stands in files of its owner alone, and in no process', async () => {
    const { password } = await holdfast.credentials();
    const holding = await listFilesHolding(holdfast.dataRoot, password);
    expect(holding.some((file) => file.startsWith('secrets/password '))).toBe(true);
    for (const file of holding) expect(file).toMatch(/^(?:secrets|run)\/.* 600$/);
    const processes = await findProcessesNaming(holdfast.directory);
    expect(processes.length).toBeGreaterThanOrEqual(5);
    expect(await listProcessesShowing(processes, password)).toEqual([]);
    expect((await stat(holdfast.dataRoot)).mode & 0o777).toBe(0o700);
    expect(await listOpenPaths(holdfast.path('secrets'))).toEqual([]);
  });

  test('a metric is pushed, a silence is made, samples come in', async () => {
    await asker.push('trip', 'trip_value', 42);
    silence = await asker.silence('for the trip');
    await asker.waitForSeries('trip_value');
    for (const job of stackComponents) await asker.waitForSeries(`up{job="${job}"} == 1`);
    const first = Date.now();
    // Whatever was scraped at the last of these times is committed by now.
    const scrapes = `count_over_time(up{job="node-exporter"}[1m])`;
    await waitFor('ten more scrapes', async () => {
      const counts = Object.values(await asker.query(scrapes, Date.now())).map(Number);
      return Math.max(...counts) >= 10 && Date.now() - first > 8000;
    });
    at = [first, first + 2500, first + 5000];
    answers = await askAgain();
    for (const answer of answers) expect(Object.keys(answer).length).toBeGreaterThan(500);
  });

  test('rebuild --plan prints what would be done, and does nothing', async () => {
    const pids = await readPids(holdfast);
    const { exitCode, stdout } = await holdfast.say(['rebuild', '--plan']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`stop prometheus (pid ${pids['prometheus']})`);
    expect(stdout).toContain('prove against inventories/');
    expect(await readPids(holdfast)).toEqual(pids);
    expect((await holdfast.succeed(['runs'])).json.runs?.map(({ verb }) => verb)).toEqual(['up']);
  });

  test('without a terminal rebuild wants --confirm, and with a wrong name it refuses', async () => {
    const pids = await readPids(holdfast);
    const unsaid = await holdfast.run(['rebuild']);
    expect(unsaid.exitCode).toBe(2);
    expect(unsaid.json.error).toMatchObject({ code: 'confirmation-missing', kind: 'usage' });
    expect(unsaid.json.error?.remedy).toContain('--confirm monitoring');
    const wrong = await holdfast.run(['rebuild', '--confirm', 'monitorin']);
    expect(wrong.exitCode).toBe(10);
    expect(wrong.json.error).toMatchObject({ code: 'wrong-name', kind: 'refusal' });
    expect(await readPids(holdfast)).toEqual(pids);
  });

  test('rebuild takes everything apart but the daemon, and proves that nothing was lost', async () => {
    const [before, daemon, credentials] = [
      await readPids(holdfast),
      await readDaemonPid(holdfast),
      await holdfast.credentials(),
    ];
    const started = Date.now();
    const { json } = await holdfast.succeed(['rebuild', '--confirm', 'monitoring']);
    const { proof } = json;
    expect(proof).toMatchObject({ lost: { samples: 0, windows: [] }, expired: { samples: 0 } });
    expect(proof?.kept.samples).toBeGreaterThan(5000);
    expect(proof?.kept.series).toBeGreaterThan(500);
    // The second witness has read the bytes before and after.
    expect(proof?.tsdb).toMatchObject({ lost: { samples: 0, windows: [] }, expired: { samples: 0 } });
    expect(proof?.completeToMs).toBeGreaterThan(Math.max(...at));
    expect(proof?.gap?.fromMs).toBeGreaterThan(started - 5000);
    expect(proof?.gap?.toMs).toBeGreaterThan(proof?.gap?.fromMs ?? Infinity);
    expect(proof?.components).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'alertmanager', kept: 1, lost: 0, checked: true }),
        expect.objectContaining({ name: 'pushgateway', kept: 1, lost: 0, checked: true }),
      ]),
    );
    expect(JSON.parse(await readFile(holdfast.path('proofs', `${json.run}.json`), 'utf8'))).toEqual(proof);
    const after = await readPids(holdfast);
    for (const name of stackComponents) expect(after[name]).not.toBe(before[name]);
    expect(await readDaemonPid(holdfast)).toBe(daemon);
    expect(await holdfast.credentials()).toEqual(credentials);
  });

  test('old samples, the silence and the pushed metric give the same answers as before', async () => {
    expect(await askAgain()).toEqual(answers);
    expect(await asker.listSilences()).toEqual([silence]);
    expect(await pushed()).toEqual(['trip_value{instance="",job="trip"} 42']);
    const status = await holdfast.status();
    expect(status).toMatchObject({ ok: true, lastRun: { verb: 'rebuild', state: 'done' }, lastProof: { ok: true } });
  });

  test('down stops everything and removes nothing; up starts it again', async () => {
    await holdfast.succeed(['down']);
    expect(await findProcessesNaming(holdfast.directory)).toEqual([]);
    const again = await holdfast.succeed(['down']);
    expect(again.json).toMatchObject({ run: null, steps: [] });
    const { json } = await holdfast.succeed(['up']);
    expect(json.ok).toBe(true);
    expect(await askAgain()).toEqual(answers);
    expect(await asker.listSilences()).toEqual([silence]);
    expect(await pushed()).toEqual(['trip_value{instance="",job="trip"} 42']);
  });

  test('runs lists them all, with their steps', async () => {
    const { runs = [] } = (await holdfast.succeed(['runs'])).json;
    expect(runs.map(({ verb, state }) => `${verb} ${state}`).sort()).toEqual(
      ['up done', 'rebuild done', 'down done', 'up done'].sort(),
    );
    for (const { steps, damage } of runs) {
      expect(damage).toEqual([]);
      expect(steps.length).toBeGreaterThan(4);
      expect(steps.every(({ state }) => state === 'done' || state === 'skipped')).toBe(true);
    }
    const rebuild = runs.find(({ verb }) => verb === 'rebuild');
    const { exitCode, stdout } = await holdfast.say(['runs', rebuild?.run ?? '']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('take inventory');
    expect(stdout).toContain('prove against');
  });

  test('no log, journal or record ever showed the password', async () => {
    const { password } = await holdfast.credentials();
    for (const room of ['logs', 'journal', 'records', 'inventories', 'proofs', 'volumes']) {
      expect(await listFilesHolding(holdfast.path(room), password), room).toEqual([]);
    }
  });
});
