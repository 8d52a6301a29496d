import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hasCode } from '../../errors/holdfast-error.ts';
import { crontabLine } from './crontab-line.ts';
import { renderUnit, type UnitInput } from './render-unit.ts';
import { installService, readService, uninstallService, unitNameOf, type ServiceOptions } from './service.ts';

const input: UnitInput = {
  scope: 'system',
  dataRoot: '/srv/50% of "my" $HOME/data',
  command: {
    path: '/opt/node 20/bin/node',
    arguments: ['/opt/holdfast/main.js', '--data', '/srv/50% of "my" $HOME/data', 'daemon'],
  },
  environment: { PATH: '/usr/bin:/bin' },
  userId: 1000,
};

describe('the unit', () => {
  test('escapes paths as systemd reads them', () => {
    expect(renderUnit(input)).toMatchInlineSnapshot(`
      "[Unit]
      Description=Holdfast keeps the monitoring stack in /srv/50%% of "my" $HOME/data
      RequiresMountsFor="/srv/50%% of \\"my\\" $HOME/data"
      Wants=network-online.target
      After=network-online.target

      [Service]
      User=1000
      ExecStart="/opt/node 20/bin/node" "/opt/holdfast/main.js" "--data" "/srv/50%% of \\"my\\" $$HOME/data" "daemon"
      Environment="PATH=/usr/bin:/bin"
      Environment="HOLDFAST_SERVICE=system"
      KillMode=process
      Restart=on-failure
      RestartSec=1
      RestartPreventExitStatus=2 10 11
      TimeoutStopSec=600
      OOMPolicy=continue
      StandardOutput=append:/srv/50%% of "my" $HOME/data/logs/daemon.log
      StandardError=inherit
      LimitNOFILE=65536

      [Install]
      WantedBy=multi-user.target
      "
    `);
  });

  test('of a user begins with the user, and names no other', () => {
    const unit = renderUnit({ ...input, scope: 'user', userId: null });
    expect(unit).toContain('WantedBy=default.target');
    expect(unit).not.toContain('User=');
    expect(unit).not.toContain('network-online');
  });

  test('cannot hold a line break', () => {
    expect(() => renderUnit({ ...input, dataRoot: '/a\nExecStart=/bin/sh' })).toThrow(RangeError);
  });

  const verifier = '/usr/bin/systemd-analyze';
  test.skipIf(!existsSync(verifier))(`is what systemd takes (skipped where there is no ${verifier})`, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'holdfast unit 100% "quoted" $HOME '));
    const command = { path: process.execPath, arguments: ['--data', directory, 'daemon'] };
    const unit = renderUnit({ ...input, dataRoot: directory, command, userId: null });
    const path = join(await mkdtemp(join(tmpdir(), 'holdfast-unit-')), unitNameOf(directory));
    const complaints = async (text: string) => {
      await writeFile(path, text);
      const call = ['-c', '"$0" verify --man=no "$1" 2>&1 || true', verifier, path];
      const said = execFileSync('sh', call, { encoding: 'utf8' });
      return said.split('\n').filter((line) => line.includes(unitNameOf(directory)));
    };
    expect(await complaints(unit)).toEqual([]);
    expect(await complaints(unit.replace('KillMode=process', 'KillMode=nonsense'))).not.toEqual([]);
    expect(await complaints(unit.replace(process.execPath, '/nonexistent/node'))).not.toEqual([]);
  });
});

test('a crontab line is quoted for the shell and for cron', () => {
  const line = crontabLine({ path: '/usr/bin/node', arguments: ['/o/main.js', '--data', "/a b's 5%", 'daemon'] });
  expect(line).toBe(`@reboot /usr/bin/node /o/main.js --data '/a b'\\''s 5\\%' daemon`);
});

describe('with a systemctl that notes what it is told', () => {
  let root = '';
  let handedOver = 0;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'holdfast-service-'));
    handedOver = 0;
    for (const directory of ['bin', 'run/systemd/system', 'data'])
      await mkdir(join(root, directory), { recursive: true });
    const script = `#!/bin/sh
echo "$(basename "$0") $*" >> '${root}/calls'
case "$*" in
  *is-active*) test -e '${root}/active' ;;
  *start*) touch '${root}/active' ;;
  *Linger*) echo Linger=yes ;;
esac
`;
    for (const name of ['systemctl', 'loginctl']) {
      await writeFile(join(root, 'bin', name), script);
      await chmod(join(root, 'bin', name), 0o755);
    }
  });
  afterEach(() => rm(root, { recursive: true }));

  const options = (scope: 'user' | 'system', path = `${join(root, 'bin')}:/usr/bin:/bin`): ServiceOptions => ({
    ...input,
    scope,
    dataRoot: join(root, 'data'),
    homeDirectory: join(root, 'home'),
    toolEnvironment: { PATH: path },
    handOver: async () => {
      handedOver += 1;
    },
    systemRoot: root,
    signal: AbortSignal.timeout(30_000),
  });
  const calls = async () => (await readFile(join(root, 'calls'), 'utf8').catch(() => '')).trim().split('\n');

  test("a user's service is enabled, lingers, takes over and starts; once it is active nothing is restarted", async () => {
    const unit = unitNameOf(join(root, 'data'));
    const report = await installService(options('user'));
    expect(report).toEqual({ scope: 'user', unit, installed: true, active: true, lingers: true });
    expect(await readFile(join(root, 'home/.config/systemd/user', unit), 'utf8')).toContain('KillMode=process');
    const told = await calls();
    expect(told.filter((call) => call.includes('enable') || call.includes(' start '))).toEqual([
      `systemctl --user enable ${unit}`,
      'loginctl enable-linger',
      `systemctl --user start ${unit}`,
    ]);
    await installService(options('user'));
    expect(handedOver).toBe(1);
  });

  test('uninstalling leaves running what runs', async () => {
    await installService(options('system'));
    const unit = unitNameOf(join(root, 'data'));
    expect(await uninstallService(options('system'))).toMatchObject({ installed: false, active: false, lingers: null });
    expect(await calls()).toContain(`systemctl disable ${unit}`);
    expect((await calls()).filter((call) => call.includes('stop'))).toEqual([]);
    expect(await uninstallService(options('system'))).toMatchObject({ installed: false });
  });

  test('where systemd is not there or does not answer, the remedy is a line for cron', async () => {
    await rm(join(root, 'run'), { recursive: true });
    const error = await installService(options('system')).catch((reason: unknown) => reason);
    expect(hasCode(error, 'service-failed') && error.remedy).toContain('@reboot');
    await mkdir(join(root, 'run/systemd/system'), { recursive: true });
    const missing = await installService(options('user', '/nonexistent')).catch((reason: unknown) => reason);
    expect(hasCode(missing, 'service-failed') && missing.message).toContain('there is no systemctl');
    expect(await readService(options('system', '/nonexistent'))).toMatchObject({ installed: false, active: false });
    expect(handedOver).toBe(0);
  });
});
