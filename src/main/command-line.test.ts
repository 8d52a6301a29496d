import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeDataRoot, removeDataRoot, runCli, stackFile, writeFiles } from './run-cli.fixture.ts';

let dataRoot = '';
beforeEach(async () => {
  dataRoot = await makeDataRoot();
});
afterEach(() => removeDataRoot(dataRoot));

describe('what cannot be understood', () => {
  test.each([
    [[], 'No verb was given.'],
    [['stats'], "Unknown command 'stats' (Did you mean status?)"],
    [['teardown', '--confrm', 'monitoring'], "Unknown option '--confrm' (Did you mean --confirm?)"],
    [['status', 'now'], "Too many arguments for 'status'. Expected 0 arguments but got 1."],
    [['teardown', '--confirm'], "Option '--confirm <NAME>' argument missing."],
    [['teardown', '--confirm', '--json'], "Option '--confirm <NAME>' argument missing."],
    [['up', '--platform', 'kubernetes'], "Option '--platform <PLATFORM>' argument 'kubernetes' is invalid."],
    [['up', '--plan=no'], "Unknown option '--plan=no' (Did you mean --plan?)"],
    [['rebuild', '--force'], "Unknown option '--force'."],
    [['adopt'], "Missing required argument 'DIR'."],
    [['check', '.', '--max-rate', 'fast'], 'It must be an amount of bytes in a second, as 50MB.'],
    [['check', '.', '--max-rate', '-1MB'], 'It must be an amount of bytes in a second, as 50MB.'],
    [['check', '.', '--max-rate', '0'], 'It must be 64KB or more in a second'],
    [['check', '.', '--max-rate', '1KiB'], 'It must be 64KB or more in a second'],
    [['proof', 'A', 'B', '--retention', '0'], 'Prometheus takes 0 for 15d.'],
    [['rescue', 'stitch', 'A', '--into', 'D', '--retention', '0s'], 'Prometheus takes 0 for 15d.'],
    [['rescue', 'stitch', 'A', '--into', ''], 'It must name a directory.'],
    [['rescue', 'stitch', 'A', '--into', 'D', '--wins', ''], 'It must name a directory.'],
    [['rescue', 'discard', 'A', '--kept-in', ''], 'It must name a directory.'],
    [['logs', 'prometheus', '-n', 'ten'], 'It must be a whole number of lines'],
    [['logs', 'promtheus'], '"promtheus" has no log. Did you mean prometheus?'],
    [['service', 'instal'], 'Allowed choices are install, uninstall, status.'],
    [['status', '--data', ''], '--data was given without a directory.'],
    [['service', 'status', '--user', '--system'], '--user and --system exclude each other.'],
  ])('%j', async (argumentList, message) => {
    const { status, stdout, stderr } = await runCli(argumentList, { dataRoot });
    expect(status).toBe(2);
    if (!argumentList.includes('--json')) expect(stdout).toBe('');
    else expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'bad-arguments', kind: 'usage' } });
    expect(`${stdout}${stderr}`).toContain(message);
    expect(await readdir(dataRoot)).toEqual([]);
  });

  test('is said with what to do', async () => {
    expect((await runCli(['stats'], { dataRoot })).stderr).toMatchInlineSnapshot(`
      "Not understood: Unknown command 'stats' (Did you mean status?)
        -> See \`holdfast --help\`.
        (bad-arguments, exit status 2)
      "
    `);
    expect((await runCli(['stats', '--json'], { dataRoot })).stdout).toMatchInlineSnapshot(`
      "{"error":{"code":"bad-arguments","kind":"usage","message":"Unknown command 'stats' (Did you mean status?)","remedy":"See \`holdfast --help\`.","details":{}}}
      "
    `);
  });

  test('a config file with three mistakes: one line each, exit status 2', async () => {
    const yaml = 'stack: Monitoring\nprometheus: {port: 0}\ngraphana: {}\n';
    await writeFiles(dataRoot, { 'h.yaml': yaml });
    const outcome = await runCli(['up', '--config', 'h.yaml'], { dataRoot });
    expect(outcome.status).toBe(2);
    expect(outcome.stderr).toMatchInlineSnapshot(`
      "Not understood:
      h.yaml:1:8 stack: must be a DNS label: lower-case letters, digits and inner dashes, at most 63
      h.yaml:2:20 prometheus.port: must be a port number, 1 to 65535
      h.yaml:3:1 graphana: unknown key, did you mean grafana?
        -> Correct those lines in h.yaml, then run the command again.
        (bad-config, exit status 2)
      "
    `);
  });

  test('a config file of another stack is refused before anything is looked at', async () => {
    await writeFiles(dataRoot, { 'h.yaml': 'stack: other', 'stack.json': stackFile });
    const outcome = await runCli(['teardown', '--confirm', 'other'], {
      dataRoot,
      environment: { HOLDFAST_CONFIG: 'h.yaml' },
    });
    expect(outcome.status).toBe(10);
    expect(outcome.stderr).toMatchInlineSnapshot(`
      "Refused: h.yaml is about the stack "other", but this data root belongs to the stack "monitoring". Nothing was changed.
        -> Name the data root of "other" with --data DIR, or use the config file of "monitoring".
        (other-stack, exit status 10)
      "
    `);
  });

  test('files that the config names are looked for before an up, and not before a down', async () => {
    const yaml = 'prometheus:\n  ruleFiles: [gone.yml]\nalertmanager: {config: gone/am.yml}\n';
    await writeFiles(dataRoot, { 'h.yaml': yaml });
    const { stderr } = await runCli(['up', '--plan', '--config', 'h.yaml'], { dataRoot });
    expect(stderr).toContain('h.yaml:2:15 prometheus.ruleFiles[0]: /root-of-data/gone.yml does not exist');
    expect(stderr).toContain('h.yaml:3:24 alertmanager.config: /root-of-data/gone/am.yml does not exist');
    const down = await runCli(['status', '--config', 'h.yaml'], { dataRoot });
    expect(down.stderr).toContain('no-stack');
  });
});

describe('rescue', () => {
  test('ends with an adopt that is not refused: a data root that has such a volume takes no second one', async () => {
    await writeFiles(dataRoot, { 'share/pvc-1/wal/00000000': 'x' });
    const last = async (...words: readonly string[]) => {
      const { stdout } = await runCli([...words, 'rescue', `${dataRoot}/share`], { dataRoot });
      return stdout.trim().split('\n').at(-1);
    };
    const path = "'/root-of-data/share/pvc-1' --as prometheus";
    expect(await last()).toBe(`To take one in: holdfast adopt ${path}`);
    expect(await last('--data', `${dataRoot}/new`)).toBe(
      `To take one in: holdfast --data '/root-of-data/new' adopt ${path}`,
    );
    await writeFiles(dataRoot, { 'stack.json': stackFile });
    expect(await last()).toBe(`To take one in: holdfast --data NEWROOT adopt ${path}`);
    await writeFiles(dataRoot, { 'stack.json': { ...stackFile, volumes: [] } });
    expect(await last()).toBe(`To take one in: holdfast adopt ${path}`);
  });

  test('tells what a repair has moved aside, and does not propose it', async () => {
    const folder = 'share/prometheus-db-quarantine/r1';
    for (const name of ['manifest.json', 'before.json', 'wal/00000000']) {
      await writeFiles(dataRoot, { [`${folder}/${name}`]: 'x' });
    }
    const { stdout } = await runCli(['rescue', `${dataRoot}/share`], { dataRoot });
    expect(stdout).toContain('0 orphans, 1 moved aside by a repair');
    expect(stdout).toContain('prometheus (quarantine)');
    expect(stdout).not.toContain('To take one in');
  });
});

describe('help', () => {
  test('shows the verbs in groups', async () => {
    const { status, stdout } = await runCli(['--help'], { dataRoot });
    expect(status).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "Usage: holdfast [--config FILE] [--data DIR] VERB ...

      Runs the Prometheus monitoring stack and carries its data through every teardown and rebuild.

      Options:
        -V, --version                print the version
        --config <FILE>              the config file; else HOLDFAST_CONFIG
        --data <DIR>                 the data root; else HOLDFAST_DATA, else holdfast in the XDG data home
        --json                       print one object as the last line, with progress as lines that have a
                                     type before it
        -h, --help                   print help

      Run the stack:
        up [options]                 start the stack, making what is missing; changes nothing that is as
                                     it should be
        down [options]               stop the stack and keep everything

      Carry its data:
        teardown [options]           take the stack apart down to its data root, which is all that a
                                     rebuild needs
        rebuild [options]            take the stack apart, put it together again, and prove that nothing
                                     was lost
        adopt [options] <DIR>        take in a copy of a directory with data; the directory stays as it is
        repair [options] [DIR]       move what a Prometheus would refuse into a quarantine, and keep all
                                     of it that is whole

      Look:
        status                       say how the stack is; exit status 0 only where it is as it should be
        inventory <DIR>              count every sample in a Prometheus data directory, with a digest for
                                     each two hours
        check [options] [DIR]        read every byte of what the components keep and say what is damaged;
                                     exit status 12 where something is
        coverage [options] [DIR...]  draw when Prometheus holds samples, by job, and list the gaps with
                                     their likely reasons
        rescue <ROOT>                say what each directory on a share is: whose volume, bound or orphan,
                                     since when, a copy of which; \`rescue stitch\` makes one of several,
                                     \`rescue discard\` sets one aside that nobody needs
        proof [options] <A> <B>      prove that every sample of one TSDB is in another one
        runs [RUN]                   list the runs in the journal, or the steps of one
        logs [options] <NAME>        print the log of a component, or of the daemon
        credentials                  print the user and the password of every component

      Keep it running:
        daemon                       look after the stack in the foreground; \`up\` starts this by itself
        service [options] <ACTION>   have systemd start the daemon at boot

      Commands:
        help [VERB]                  print help for a verb
      "
    `);
  });

  test('of a verb shows its flags, the global ones apart', async () => {
    const { stdout } = await runCli(['rebuild', '--help'], { dataRoot });
    expect(stdout).toMatchInlineSnapshot(`
      "Usage: holdfast rebuild [options]

      Take the stack apart, put it together again, and prove that nothing was lost. Asks for the name of
      the stack. Interrupted anywhere, the same command finishes it.

      Options:
        --plan                         print what would be done, and stop
        --confirm <NAME>               the stack's name, in the place of typing it; needed where there is
                                       no terminal
        -h, --help                     print help

      Each skips one check, and says which:
        --unsafe-let-retention-delete  start Prometheus although it will delete blocks that the retention
                                       in force keeps
        --unsafe-accept-loss           take what the last proof found missing as lost for good, and go on
        --unsafe-break-lock            take over locks of another host, which you know to be gone

      Global Options:
        -V, --version                  print the version
        --config <FILE>                the config file; else HOLDFAST_CONFIG
        --data <DIR>                   the data root; else HOLDFAST_DATA, else holdfast in the XDG data
                                       home
        --json                         print one object as the last line, with progress as lines that have
                                       a type before it
      "
    `);
  });

  test('of a verb behind another one says whose name is asked for, and what is missing points there', async () => {
    const discard = await runCli(['rescue', 'discard', '--help'], { dataRoot });
    expect(discard.stdout.replaceAll(/\s+/g, ' ')).toContain('--confirm <NAME> the last part of the path of DIR');
    expect(discard.stdout).not.toContain("stack's name");
    const repair = await runCli(['repair', '--help'], { dataRoot });
    expect(repair.stdout.replaceAll(/\s+/g, ' ')).toContain('of DIR the last part of its data directory');
    const missing = await runCli(['rescue', 'stitch', 'A', 'B'], { dataRoot });
    expect(missing.stderr).toContain('`holdfast rescue stitch --help`');
    const empty = await runCli(['rescue', 'discard', ''], { dataRoot });
    expect(empty.stderr).toContain('`holdfast rescue discard --help`');
    expect((await runCli(['rescue'], { dataRoot })).stderr).toContain('`holdfast rescue --help`');
  });

  test('global flags count before and after the verb', async () => {
    const before = await runCli(['--json', '--data', '/nonexistent/x', 'status'], { dataRoot });
    const after = await runCli(['status', '--data', '/nonexistent/x', '--json'], { dataRoot });
    expect(before).toEqual(after);
    expect(JSON.parse(after.stdout)).toMatchObject({ error: { code: 'no-stack' } });
  });

  test('the version', async () => {
    expect(await runCli(['-V'], { dataRoot })).toEqual({ status: 0, stdout: '1.2.3\n', stderr: '' });
  });
});
