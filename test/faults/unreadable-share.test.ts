/**
 * A share of which a user may read some directories and others not, as after a copy by root. A survey lists what it can
 * read, and says of each other place that it was not read and why: nothing is passed over in silence. Root may read
 * anything, so that as root the commands run as the user of uid 65534, from a copy of the build that this user may read.
 */
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RescueSurvey } from '../../src/model/found-volume.ts';
import { mainFile } from '../harness/holdfast.ts';
import { runCommand } from '../harness/run-command.ts';

const isRoot = process.getuid?.() === 0;
const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
const cannotBecomeNobody = isRoot && (await runCommand('sh', ['-c', `${nobody.join(' ')} true`])).exitCode !== 0;
const ulid = '01M877BHNX0XBAG84KV5V16B01';

describe.skipIf(cannotBecomeNobody)(
  `a share that is not all readable${cannotBecomeNobody ? ' (skipped: setpriv is not here)' : ''}`,
  () => {
    let directory = '';
    const share = (...parts: string[]) => join(directory, 'share', ...parts);

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
      await chmod(directory, 0o755);
      await cp(dirname(mainFile()), join(directory, 'build'), { recursive: true });
      await chmod(join(directory, 'build'), 0o755);
      for (const volume of ['open', 'closed', 'half']) {
        await mkdir(share(volume, 'wal'), { recursive: true });
        await writeFile(share(volume, 'wal', '00000000'), '');
      }
      await mkdir(share('half', ulid));
      await chmod(share('half', ulid), 0o000);
      await chmod(share('closed'), 0o000);
    });
    afterAll(async () => {
      for (const path of ['closed', join('half', ulid)]) await chmod(share(path), 0o755);
      await rm(directory, { recursive: true, force: true });
    });

    const runAsNobody = async (words: readonly string[]) => {
      const line = [process.execPath, join(directory, 'build', 'main.js'), '--data', join(directory, 'none'), ...words];
      const [program = '', ...rest] = isRoot ? [...nobody, ...line] : line;
      const environment = { PATH: process.env['PATH'], HOME: '/nonexistent' };
      return runCommand(program, rest, { cwd: directory, environment });
    };
    const lastObject = (stdout: string) => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as unknown;

    test('rescue lists what it can read, and each place that it cannot', async () => {
      const { exitCode, stdout } = await runAsNobody(['rescue', share(), '--json']);
      const survey = lastObject(stdout) as RescueSurvey & { readonly error: { readonly code: string } };
      expect([exitCode, survey.error.code]).toEqual([1, 'io']);
      expect(survey.volumes.map(({ path }) => path)).toEqual([share('open')]);
      expect(survey.unreadable).toEqual([
        { path: share('closed'), reason: expect.stringContaining('EACCES') },
        { path: share('half'), reason: expect.stringContaining('EACCES') },
      ]);
      const said = await runAsNobody(['rescue', share()]);
      expect(said.stdout).toContain(`not read ${share('closed')}: `);
      expect(said.stdout).toContain(`not read ${share('half')}: `);
    });

    test('a block that may not be looked into is named by check and inventory, and nothing about it is proved', async () => {
      const checked = await runAsNobody(['check', share('half'), '--json']);
      expect([checked.exitCode, lastObject(checked.stdout)]).toEqual([
        12,
        expect.objectContaining({
          findings: expect.arrayContaining([expect.objectContaining({ rule: 'unreadable' })]),
        }),
      ]);
      const counted = await runAsNobody(['inventory', share('half'), '--json']);
      const closed = { severity: 'error', rule: 'unreadable', file: `${ulid}/meta.json` };
      expect([counted.exitCode, lastObject(counted.stdout)]).toEqual([
        0,
        expect.objectContaining({ findings: [expect.objectContaining(closed)] }),
      ]);
      const proved = await runAsNobody(['proof', share('half'), share('open'), '--json']);
      expect([proved.exitCode, lastObject(proved.stdout)]).toEqual([
        13,
        expect.objectContaining({ error: expect.objectContaining({ code: 'not-decided' }) }),
      ]);
    });

    test('a closed root is no empty one, and nothing of a closed block is moved or copied', async () => {
      for (const words of [
        ['repair', share('half'), '--plan'],
        ['adopt', share('half'), '--plan'],
        ['inventory', share('closed')],
        ['check', share('closed')],
        ['rescue', share('closed')],
      ]) {
        const { exitCode, stdout } = await runAsNobody([...words, '--json']);
        expect([words, exitCode, lastObject(stdout)]).toEqual([
          words,
          1,
          { error: expect.objectContaining({ code: 'io' }) },
        ]);
      }
    });
  },
);
