import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFreePorts } from '../harness/free-ports.ts';
import { mainFile, openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { runCommand } from '../harness/run-command.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';
import { expectError } from './expect-error.ts';

/*
 * What a person types or writes wrongly, before there is any stack: each is refused with the object named and one remedy,
 * and nothing is made or changed anywhere below the directory in which it was tried.
 */
const isRoot = process.getuid?.() === 0;
const changingVerbs = [
  ['up'],
  ['rebuild', '--confirm', 'monitoring'],
  ['teardown', '--confirm', 'monitoring'],
  ['down'],
];

describe('bad input', () => {
  let holdfast: Holdfast;
  beforeAll(async () => {
    holdfast = await openHoldfast();
  });
  afterAll(async () => holdfast.cleanUp());

  /** Runs it and makes sure that it left no trace. */
  async function tryIn(words: readonly string[], options: { bare?: boolean; data?: string } = {}) {
    const before = await snapshotTree(holdfast.directory);
    const environment = options.data === undefined ? {} : { HOLDFAST_DATA: options.data };
    const outcome = await holdfast.run(words, { bare: options.bare ?? false, environment });
    expect(await snapshotTree(holdfast.directory)).toEqual(before);
    return outcome;
  }

  /** A file or directory beside the data root; gone again before the next test. */
  async function within(name: string, make: (path: string) => Promise<unknown>, use: (path: string) => Promise<void>) {
    const path = join(holdfast.directory, name);
    await make(path);
    try {
      await use(path);
    } finally {
      await rm(path, { recursive: true, force: true });
    }
  }

  test('a config file with three mistakes: one line each, with its place, and what was meant', async () => {
    const text = 'stak: x\nprometheus:\n  prot: 1\n  scrapeInterval: fast\n';
    await within(
      'wrong.yaml',
      async (path) => writeFile(path, text),
      async (path) => {
        const error = expectError(await tryIn(['--config', path, 'up'], { bare: true }), 'bad-config');
        expect(error.message.split('\n')).toEqual([
          `${path}:1:1 stak: unknown key, did you mean stack?`,
          `${path}:3:3 prometheus.prot: unknown key, did you mean port?`,
          expect.stringContaining(`${path}:4:19 prometheus.scrapeInterval: `),
        ]);
      },
    );
  });

  test('a config file that is missing, a directory, huge, or no YAML at all', async () => {
    const tries = async (path: string) => {
      expectError(await tryIn(['--config', path, 'up'], { bare: true }), 'bad-config', path);
    };
    await tries(join(holdfast.directory, 'nowhere.yaml'));
    await tries(holdfast.directory);
    await within('huge.yaml', async (path) => writeFile(path, '# \n'.repeat(200_000)), tries);
    await within('odd.yaml', async (path) => writeFile(path, '\0{[: \n\t- '), tries);
  });

  test('an unknown flag, verb, option value or argument', async () => {
    expectError(await tryIn(['up', '--purge']), 'bad-arguments', '--purge');
    expectError(await tryIn(['rebiuld']), 'bad-arguments', 'rebiuld', 'rebuild');
    expectError(await tryIn(['up', 'prometheus']), 'bad-arguments', "'up'");
    expectError(await tryIn(['rebuild', '--confirm']), 'bad-arguments', '--confirm');
    expectError(await tryIn(['adopt', holdfast.directory, '--as', 'loki']), 'bad-arguments', 'loki');
    expectError(await tryIn(['--data', '', 'up'], { bare: true }), 'bad-arguments', '--data');
  });

  test.each(changingVerbs)('a data root that is a file, or lies below one: %s', async (...verb) => {
    for (const root of [holdfast.configFile, join(holdfast.configFile, 'deeper')]) {
      const error = expectError(await tryIn(['--data', root, ...verb], { bare: true }), 'io', root);
      expect(error.remedy).toContain('not a directory');
    }
  });

  test('a relative HOLDFAST_DATA is one below the working directory, and named in full', async () => {
    const outcome = await tryIn(['--config', holdfast.configFile, 'down'], { bare: true, data: 'some/root' });
    expectError(outcome, 'no-stack', join(holdfast.directory, 'work', 'some/root'));
  });

  test.each(changingVerbs)(
    'a directory with data but without stack.json is never taken for a stack: %s',
    async (...verb) => {
      const make = async (path: string) => {
        await mkdir(join(path, 'volumes', 'prometheus'), { recursive: true });
        await writeFile(join(path, 'volumes', 'prometheus', 'precious'), 'x');
      };
      await within('copied', make, async (root) => {
        const error = expectError(
          await tryIn(['--data', root, ...verb], { bare: true }),
          'not-a-data-root',
          root,
          'volumes',
        );
        expect(error.remedy).toContain('records/');
        // Also by another name of it.
        const link = `${root}-link`;
        await within(
          'copied-link',
          async () => symlink(root, link),
          async () => {
            expectError(await tryIn(['--data', link, ...verb], { bare: true }), 'not-a-data-root', root);
          },
        );
      });
    },
  );

  test.each([
    ['torn', '{"format":1,"stackId":"x","na', 'corrupt-file'],
    ['empty', '', 'corrupt-file'],
    ['of another program', '{"format":1,"stackId":7}', 'corrupt-file'],
    ['of a newer format', '{"format":9,"anything":true}', 'newer-format'],
  ] as const)('a stack.json that is %s', async (_what, text, code) => {
    const make = async (path: string) => {
      await mkdir(path);
      await writeFile(join(path, 'stack.json'), text);
    };
    await within('root', make, async (root) => {
      for (const verb of [['status'], ['credentials'], ['daemon'], ...changingVerbs]) {
        expectError(await tryIn(['--data', root, ...verb], { bare: true }), code, join(root, 'stack.json'));
      }
    });
  });

  test('adopt of a directory that is missing, empty, or nothing we know', async () => {
    expectError(await tryIn(['adopt', join(holdfast.directory, 'nowhere')]), 'not-adoptable', 'nowhere');
    await within(
      'nothing',
      async (path) => mkdir(path),
      async (path) => {
        expectError(await tryIn(['adopt', path]), 'not-adoptable', path);
        await writeFile(join(path, 'grafana.db'), 'not what its name says');
        await writeFile(join(path, '01ARZ3NDEKTSV4RRFFQ69G5FAV'), 'a file with the name of a block');
        expectError(await tryIn(['adopt', path]), 'not-adoptable', path);
      },
    );
    expectError(await tryIn(['adopt', holdfast.configFile]), 'not-adoptable', holdfast.configFile);
  });

  test('service install without a stack', async () => {
    expectError(await tryIn(['service', 'install']), 'no-stack', holdfast.dataRoot);
  });
});

/*
 * As somebody who may not write there. Root may write anywhere, so that as root the command runs as the user of uid 65534,
 * from a copy of the build that this user may read.
 */
const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
const cannotBecomeNobody = isRoot && (await runCommand('sh', ['-c', `${nobody.join(' ')} true`])).exitCode !== 0;

describe.skipIf(cannotBecomeNobody)(
  `a data root that belongs to another user${cannotBecomeNobody ? ' (skipped: setpriv is not here)' : ''}`,
  () => {
    let directory = '';
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
      await chmod(directory, 0o755);
      await cp(dirname(mainFile()), join(directory, 'build'), { recursive: true });
      await chmod(join(directory, 'build'), 0o755);
      await mkdir(join(directory, 'root'));
      const [first = 0, ...others] = await findFreePorts(5);
      const names = ['alertmanager', 'pushgateway', 'nodeExporter', 'grafana'];
      const ports = names.map((name, index) => `${name}: {port: ${others[index] ?? 0}}`);
      await writeFile(join(directory, 'ports.yaml'), [`prometheus: {port: ${first}}`, ...ports, ''].join('\n'));
    });
    afterAll(async () => rm(directory, { recursive: true, force: true }));

    async function runAsNobody(root: string, words: readonly string[]) {
      // The default ports may be another stack's, which would be the reason then.
      const config = ['--config', join(directory, 'ports.yaml')];
      const main = join(directory, 'build', 'main.js');
      const line = [process.execPath, main, ...config, '--data', root, ...words, '--json'];
      const [program = '', ...rest] = isRoot ? [...nobody, ...line] : line;
      const environment = { PATH: process.env['PATH'], HOME: '/nonexistent', XDG_CACHE_HOME: join(directory, 'cache') };
      // Who may not look into the root cannot compare what is in it either.
      const except = (path: string) => path === 'root' && !isRoot;
      const before = await snapshotTree(directory, { except });
      const { exitCode, stdout } = await runCommand(program, rest, { cwd: directory, environment });
      expect(await snapshotTree(directory, { except })).toEqual(before);
      return { exitCode, json: JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { error?: never } };
    }

    test('one that may be read', async () => {
      const root = join(directory, 'root');
      await chmod(root, 0o555);
      expect(expectError(await runAsNobody(root, ['up']), 'data-root-not-writable', root).remedy).toContain(root);
      const deeper = join(root, 'deeper', 'still');
      expectError(await runAsNobody(deeper, ['up']), 'data-root-not-writable', deeper);
    });

    test('one that may not be read', async () => {
      const root = join(directory, 'root');
      // Its owner may look into it, who in this test is either root or the one who tries.
      await chmod(root, isRoot ? 0o700 : 0o000);
      for (const verb of [['status'], ['runs'], ...changingVerbs]) {
        const error = expectError(await runAsNobody(root, verb), 'io', root);
        expect(error.remedy).toContain(`the user who owns ${root}`);
      }
      await chmod(root, 0o755);
    });
  },
);
