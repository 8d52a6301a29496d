import { execFileSync } from 'node:child_process';
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HoldfastError } from '../errors/holdfast-error.ts';
import { copyTree } from './copy-tree.ts';
import { directorySize } from './directory-size.ts';
import { linkTree } from './link-tree.ts';

let directory = '';
let from = '';
let to = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-copy-'));
  [from, to] = [join(directory, 'from'), join(directory, 'to')];
  await mkdir(join(from, 'wal'), { recursive: true });
  await writeFile(join(from, 'wal/00000000'), 'old segment');
  await writeFile(join(from, 'wal/00000001'), 'growing');
  await writeFile(join(from, 'meta.json'), '{}', { mode: 0o640 });
});
afterEach(() => rm(directory, { recursive: true }));

const failure = (copying: Promise<unknown>) =>
  copying.then(
    () => expect.unreachable('it was copied'),
    (error: unknown) => error as HoldfastError,
  );
/** Everything that a tree is, as one text: names, modes, times, contents. */
const fingerprint = (path: string) =>
  execFileSync('sh', ['-c', 'find . -printf "%P %y %m %T@ %s %l\\n" | sort; find . -type f | sort | xargs sha256sum'], {
    cwd: path,
    encoding: 'utf8',
  });

describe('copyTree', () => {
  test('what is larger than the room there is copied not at all', async () => {
    const freeBytes = 'old segment'.length + 'growing'.length;
    const error = await failure(copyTree(from, to, { freeBytes }));
    expect(error).toMatchObject({ code: 'disk-full', details: { path: to, neededBytes: freeBytes + 2, freeBytes } });
    expect(error.message).toContain('Nothing was copied.');
    expect(await readdir(join(to, 'wal'))).toEqual([]);
    await copyTree(from, to, { freeBytes: freeBytes + 2 });
    expect(await readdir(join(to, 'wal'))).toEqual(['00000000', '00000001']);
  });

  test('content, modes, times, inner symlinks and holes arrive; the source stays as it was', async () => {
    await symlink('wal/00000000', join(from, 'first'));
    await truncate(join(from, 'wal/00000001'), 5_000_000);
    await utimes(join(from, 'meta.json'), 1_000_000, 1_500_000_000);
    await chmod(join(from, 'wal'), 0o500);
    const before = fingerprint(from);
    const progress: number[] = [];
    const report = await copyTree(from, to, { onProgress: (bytes) => progress.push(bytes) });
    expect(fingerprint(from)).toBe(before);
    // Times are kept to the millisecond; the root is left to whoever made it.
    const withoutRoot = (text: string) => text.replace(/^ d .*\n/m, '').replaceAll(/(\.\d{3})\d+/g, '$1');
    expect(withoutRoot(fingerprint(to))).toBe(withoutRoot(before));
    expect(report).toEqual({ files: 3, bytes: 5_000_013, special: [] });
    expect(progress).toEqual([2, 13, 5_000_013]);
    expect(await directorySize(to)).toBe(5_000_013);
    await chmod(join(from, 'wal'), 0o700);
    await chmod(join(to, 'wal'), 0o700);
  });

  test.each(['/etc/passwd', '../../x', 'wal/../../y'])(
    'a symlink to %s is refused before anything is copied',
    async (target) => {
      await symlink(target, join(from, 'z'));
      const error = await failure(copyTree(from, to));
      expect(error.code).toBe('not-adoptable');
      expect(error.message).toContain(join(from, 'z'));
      expect(await readdir(directory)).toEqual(['from']);
    },
  );

  test('sockets and pipes are left out and said', async () => {
    execFileSync('mkfifo', [join(from, 'wal/pipe')]);
    expect((await copyTree(from, to)).special).toEqual(['wal/pipe']);
    expect(await readdir(join(to, 'wal'))).toEqual(['00000000', '00000001']);
  });

  test('what is skipped is not even looked at', async () => {
    await symlink('/etc/passwd', join(from, 'lock'));
    await copyTree(from, to, { skip: (path) => path === 'lock' || path === 'wal' });
    expect(await readdir(to)).toEqual(['meta.json']);
  });

  test('nothing is overwritten', async () => {
    await mkdir(to);
    await writeFile(join(to, 'meta.json'), 'mine');
    expect((await failure(copyTree(from, to))).code).toBe('io');
    expect(await readFile(join(to, 'meta.json'), 'utf8')).toBe('mine');
  });

  test('a tree cannot be copied into itself, also by another name', async () => {
    await symlink(from, join(directory, 'alias'));
    expect((await failure(copyTree(join(directory, 'alias'), join(from, 'copy')))).code).toBe('not-adoptable');
  });

  test('a file that grows meanwhile makes the copy useless, and that is said', async () => {
    const grow = () => writeFile(join(from, 'wal/00000001'), 'growing and growing');
    let growing: Promise<void> | undefined;
    const copying = copyTree(from, to, {
      skip: () => false,
      onProgress: () => {
        growing ??= grow();
      },
    });
    const error = await failure(copying);
    await growing;
    expect(error.code).toBe('not-adoptable');
    expect(error.message).toContain('00000001');
  });

  test('can be cancelled', async () => {
    const controller = new AbortController();
    const copying = copyTree(from, to, { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(copying).rejects.toThrow('aborted');
    expect((await readdir(to)).length).toBeLessThan(3);
  });
});

describe('linkTree', () => {
  test('links what is finished and copies what still grows', async () => {
    const report = await linkTree(from, to, { copy: (path) => path.endsWith('00000001') });
    expect(report).toEqual({ linked: 2, copied: 1, left: [] });
    await writeFile(join(from, 'wal/00000001'), 'grown');
    await rm(join(from, 'wal/00000000'));
    expect(await readFile(join(to, 'wal/00000001'), 'utf8')).toBe('growing');
    expect(await readFile(join(to, 'wal/00000000'), 'utf8')).toBe('old segment');
    expect((await stat(join(from, 'meta.json'))).ino).toBe((await stat(join(to, 'meta.json'))).ino);
  });

  test('what is no file is left and said', async () => {
    execFileSync('mkfifo', [join(from, 'pipe')]);
    expect((await linkTree(from, to)).left).toEqual(['pipe']);
  });
});

test('directorySize is bounded, and nothing has no size', async () => {
  expect(await directorySize(join(directory, 'missing'))).toBe(0);
  expect(await directorySize(from, { maxEntries: 1 })).toBeLessThan(await directorySize(from));
});
