import { chmod, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeCheckout } from '../test/harness/make-checkout.ts';
import { runCommand } from '../test/harness/run-command.ts';

/**
 * ./holdfast in a checkout that somebody has just cloned, or built, or may not write, where Node is missing, too old or
 * broken. What really installs is told in test/scenarios/checkout.test.ts; here node_modules is the one that is there.
 */
const remedy = 'install Node.js 20.19 or newer (https://nodejs.org), or use the release archive, which brings its own.';
const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups'];
const isRoot = process.getuid?.() === 0;

let home = '';
let checkout = '';
beforeAll(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'holdfast-launcher-')));
  await chmod(home, 0o755);
  checkout = await makeCheckoutAt('check out');
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** Whoever stands in for `node` on a PATH that has the shell's own tools besides. */
async function makePath(name: string, node?: string): Promise<string> {
  const directory = join(home, name);
  await mkdir(directory);
  for (const tool of ['sh', 'env', 'find', 'readlink', 'flock', 'npm']) {
    const { stdout } = await runCommand('sh', ['-c', `command -v ${tool}`]);
    await symlink(await realpath(stdout.trim()), join(directory, tool));
  }
  if (node !== undefined) await writeFile(join(directory, 'node'), node, { mode: 0o755 });
  return directory;
}

async function makeCheckoutAt(name: string): Promise<string> {
  return makeCheckout(join(home, name), { installed: true });
}

function launch(options: { readonly path?: string; readonly from?: string; readonly as?: string } = {}) {
  const { path, from = checkout, as = join(from, 'holdfast') } = options;
  const environment = { HOME: home, PATH: path ?? process.env['PATH'] };
  return runCommand(as, ['--version'], { cwd: home, environment });
}

describe('where there is no Node to run it', () => {
  test('none on the PATH: said with what to do, and nothing is written', async () => {
    const fresh = await makeCheckoutAt('without-node');
    const before = await readdir(fresh);
    expect(await launch({ path: await makePath('bin-without-node'), from: fresh })).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: `holdfast: there is no Node.js on the PATH.\n  Remedy: ${remedy}\n`,
    });
    expect(await readdir(fresh)).toEqual(before);
  });

  test.each(['v18.20.4', 'v20.18.3', 'v4.9.1'])('%s is too old: which one, and where', async (version) => {
    const path = await makePath(`bin-${version}`, `#!/bin/sh\necho ${version}\n`);
    const fresh = await makeCheckoutAt(`with-${version}`);
    expect(await launch({ path, from: fresh })).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: `holdfast: Node.js ${version} is too old: ${path}/node\n  Remedy: ${remedy}\n`,
    });
  });

  test('one that cannot be run', async () => {
    const path = await makePath('bin-broken', '#!/nonexistent/interpreter\n');
    const { exitCode, stderr } = await launch({ path, from: await makeCheckoutAt('with-broken-node') });
    expect(exitCode).toBe(1);
    expect(stderr).toBe(`holdfast: ${path}/node cannot be run.\n  Remedy: ${remedy}\n`);
  });

  test('the PATH loses it after the build: the same words', async () => {
    expect(await launch()).toMatchObject({ exitCode: 0 });
    const { exitCode, stderr } = await launch({ path: join(home, 'bin-without-node') });
    expect(exitCode).toBe(1);
    expect(stderr).toBe(`holdfast: there is no Node.js on the PATH.\n  Remedy: ${remedy}\n`);
  });
});

describe('where it is', () => {
  test('it builds once, and then says nothing of it', async () => {
    const fresh = await makeCheckoutAt('to build');
    const first = await launch({ from: fresh });
    expect(first).toMatchObject({ exitCode: 0, stderr: 'holdfast: building\n' });
    expect(await launch({ from: fresh })).toMatchObject({ exitCode: 0, stdout: first.stdout, stderr: '' });
    await writeFile(join(fresh, 'src', 'version.ts'), '// newer\n', { flag: 'a' });
    expect(await launch({ from: fresh })).toMatchObject({ exitCode: 0, stderr: 'holdfast: building\n' });
  });

  test('a build that is half there is made again', async () => {
    await launch();
    await rm(join(checkout, 'dist', 'main.js'));
    expect(await launch()).toMatchObject({ exitCode: 0, stderr: 'holdfast: building\n' });
  });

  test('sources that esbuild refuses are named, and the last build stays', async () => {
    const broken = await makeCheckoutAt('with-a-mistake');
    await launch({ from: broken });
    await writeFile(join(broken, 'src', 'main.ts'), 'const = 1;\n');
    const { exitCode, stderr } = await launch({ from: broken });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('src/main.ts:1:6');
    expect(stderr).toContain('the build failed');
    expect(await readdir(join(broken, 'dist'))).toContain('main.js');
  });

  test('through symlinks, absolute and relative, from any directory', async () => {
    await mkdir(join(home, 'a', 'b'), { recursive: true });
    await symlink(join(checkout, 'holdfast'), join(home, 'absolute'));
    await symlink('../../check out/holdfast', join(home, 'a', 'b', 'relative'));
    await symlink('b/relative', join(home, 'a', 'twice'));
    await launch();
    for (const as of [join(home, 'absolute'), join(home, 'a', 'b', 'relative'), join(home, 'a', 'twice')]) {
      expect(await launch({ as })).toMatchObject({ exitCode: 0, stderr: '' });
    }
    expect(await runCommand('sh', ['holdfast', '--version'], { cwd: checkout })).toMatchObject({ exitCode: 0 });
    expect(await runCommand('./holdfast', ['--version'], { cwd: checkout })).toMatchObject({ exitCode: 0 });
    const onPath = { ...process.env, PATH: `${join(home, 'a')}:${process.env['PATH'] ?? ''}` };
    expect(await runCommand('sh', ['-c', 'twice --version'], { environment: onPath })).toMatchObject({ exitCode: 0 });
  });

  test('three at once on a checkout that is not built: one builds, all run', async () => {
    const fresh = await makeCheckoutAt('for-three');
    const outcomes = await Promise.all([launch({ from: fresh }), launch({ from: fresh }), launch({ from: fresh })]);
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    expect(new Set(outcomes.map(({ stdout }) => stdout)).size).toBe(1);
    expect(outcomes.filter(({ stderr }) => stderr.includes('building'))).toHaveLength(1);
  });
});

describe('a checkout that the user may not write', () => {
  /** root may write everything: another user runs it then. */
  const launchAsReader = async (from: string) => {
    if (isRoot) {
      const words = [...asNobody, join(from, 'holdfast'), '--version'];
      return runCommand('setpriv', words, {
        cwd: from,
        environment: { HOME: '/nonexistent', PATH: process.env['PATH'] },
      });
    }
    await runCommand('chmod', ['-R', 'a-w', from]);
    const outcome = await launch({ from });
    await runCommand('chmod', ['-R', 'u+w', from]);
    return outcome;
  };

  beforeEach(async ({ skip }) => {
    if (!isRoot) return;
    const { exitCode } = await runCommand('setpriv', [...asNobody, 'node', '--version'], { cwd: '/' });
    skip(exitCode !== 0, 'another user than root cannot run this Node.js');
  });

  test('not built: refused, with who can help', async () => {
    const fresh = await makeCheckoutAt('read-only');
    expect(await launchAsReader(fresh)).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: `holdfast: ${fresh} is not built and cannot be written by this user.\n  Remedy: Run ./holdfast --version there once as a user who may write it.\n`,
    });
  });

  test('built: runs; with newer sources: the last build runs, with a warning', async () => {
    const built = await makeCheckoutAt('read-only-built');
    const { stdout } = await launch({ from: built });
    expect(await launchAsReader(built)).toMatchObject({ exitCode: 0, stdout, stderr: '' });
    await writeFile(join(built, 'src', 'version.ts'), '// newer\n', { flag: 'a' });
    const later = await launchAsReader(built);
    expect(later).toMatchObject({ exitCode: 0, stdout });
    expect(later.stderr).toContain('has newer sources and cannot be written: its last build is run');
  });
});
