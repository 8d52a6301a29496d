import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Header, type HeaderData } from 'tar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { packArchive } from './test-support/release-server.ts';
import { HostileArchive, unpackArchive } from './unpack-archive.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-unpack-'));
  await mkdir(join(directory, 'into'));
});
afterEach(() => rm(directory, { recursive: true, maxRetries: 10, retryDelay: 50 }));

const limits = { maxBytes: 10_000, maxEntries: 20 };

async function unpack(archive: Buffer, signal = AbortSignal.timeout(20_000)): Promise<void> {
  await writeFile(join(directory, 'archive.tar.gz'), archive);
  await unpackArchive(join(directory, 'archive.tar.gz'), { into: join(directory, 'into'), limits, signal });
}

/** An archive that no tar would pack: entries as they are given, with whatever path they claim. */
function forge(...entries: readonly (HeaderData & { readonly content?: string })[]): Buffer {
  const blocks = entries.flatMap(({ content = '', ...data }) => {
    const block = Buffer.alloc(512);
    new Header({ mode: 0o644, size: Buffer.byteLength(content), type: 'File', ...data }).encode(block, 0);
    const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512);
    body.write(content);
    return [block, body];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

test('unpacks files and directories without their top directory, and keeps nothing that gives others rights', async () => {
  const whole = forge(
    { path: 'top/', type: 'Directory', mode: 0o777 },
    { path: 'top/program', mode: 0o6777, content: 'runs' },
    { path: 'top/lib/link', type: 'SymbolicLink', linkpath: '../program' },
    { path: 'top/deep/er/file', content: 'text' },
  );
  await unpack(whole);
  expect((await readdir(join(directory, 'into'), { recursive: true })).sort()).toEqual([
    'deep',
    'deep/er',
    'deep/er/file',
    'lib',
    'lib/link',
    'program',
  ]);
  expect((await stat(join(directory, 'into/program'))).mode & 0o7777).toBe(0o755);
  expect(await readFile(join(directory, 'into/lib/link'), 'utf8')).toBe('runs');
});

describe('refuses', () => {
  test.each([
    ['a path that climbs out', { path: 'top/../../evil', content: 'x' }, /"top\/\.\.\/\.\.\/evil", which leads out/],
    ['a path that begins with ..', { path: '../evil', content: 'x' }, /leads out/],
    ['an absolute path', { path: '/tmp/holdfast-evil', content: 'x' }, /"\/tmp\/holdfast-evil", which leads out/],
    ['a symlink out', { path: 'top/l', type: 'SymbolicLink', linkpath: '../../etc' }, /link "top\/l", which leads out/],
    ['an absolute symlink', { path: 'top/l', type: 'SymbolicLink', linkpath: '/etc/passwd' }, /leads out/],
    ['a symlink to beside the top directory', { path: 'top/l', type: 'SymbolicLink', linkpath: '../x' }, /leads out/],
    ['a hard link out', { path: 'top/l', type: 'Link', linkpath: '../../etc/passwd' }, /leads out/],
    ['a device', { path: 'top/d', type: 'CharacterDevice' }, /neither a file nor a directory/],
    ['a named pipe', { path: 'top/p', type: 'FIFO' }, /neither a file nor a directory/],
    ['a file that announces too much', { path: 'top/big', size: 20_000 }, /more than 10000 bytes/],
  ] satisfies readonly (readonly [string, HeaderData & { content?: string }, RegExp])[])(
    '%s',
    async (_, entry, reason) => {
      const refusal = unpack(forge({ path: 'top/fine', content: 'x' }, entry));
      await expect(refusal).rejects.toThrow(HostileArchive);
      await expect(refusal).rejects.toThrow(reason);
      expect((await readdir(directory)).sort()).toEqual(['archive.tar.gz', 'into']);
      expect((await readdir(join(directory, 'into'))).filter((name) => name !== 'fine')).toEqual([]);
    },
  );

  test('writing through a link of its own', async () => {
    const archive = forge(
      { path: 'top/a', type: 'SymbolicLink', linkpath: 'b' },
      { path: 'top/b', type: 'SymbolicLink', linkpath: '../..' },
      { path: 'top/a/evil', content: 'x' },
    );
    await expect(unpack(archive)).rejects.toThrow(HostileArchive);
    expect(await readdir(directory)).not.toContain('evil');
  });

  test('more files than allowed', async () => {
    const many = Array.from({ length: 21 }, (_, index) => ({ path: `top/${index}`, content: 'x' }));
    await expect(unpack(forge(...many))).rejects.toThrow('holds more than 20 files');
  });

  test('a bomb that unpacks to far more than it has', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20));
    await expect(unpack(bomb)).rejects.toThrow('unpacks to more than');
    await expect(unpack(gzipSync(bomb))).rejects.toThrow('is compressed twice');
  });

  test('an archive that ends early, and what is none', async () => {
    // Random text, since what compresses well would still be whole in the first half.
    const text = Buffer.from(Array.from({ length: 6000 }, (_, index) => (index * 7919) % 251)).toString('base64');
    const archive = await packArchive('top', { program: text });
    await expect(unpack(archive.subarray(0, archive.length / 2))).rejects.toThrow(HostileArchive);
    await expect(unpack(Buffer.from('<html>not an archive</html>'.repeat(100)))).rejects.toThrow(HostileArchive);
  });
});

test('stops when it is told to', async () => {
  const reason = new Error('stopped');
  await expect(unpack(forge({ path: 'top/x', content: 'x' }), AbortSignal.abort(reason))).rejects.toBe(reason);
});
