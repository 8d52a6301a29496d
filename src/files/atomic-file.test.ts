import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hasCode } from '../errors/holdfast-error.ts';
import { removeHalfMadeFiles, writeFileAtomically } from './atomic-file.ts';
import { bundleForChild } from './testdata/bundle-for-child.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-atomic-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

describe('writeFileAtomically', () => {
  test('replaces content and mode, and leaves nothing beside it', async () => {
    const path = join(directory, 'stack.json');
    await writeFile(path, 'old', { mode: 0o644 });
    await writeFileAtomically(path, 'new', { mode: 0o600 });
    expect(await readFile(path, 'utf8')).toBe('new');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['stack.json']);
  });

  test('replaces a symlink instead of writing where it leads', async () => {
    const elsewhere = join(directory, 'elsewhere');
    await writeFile(elsewhere, 'not ours');
    await symlink(elsewhere, join(directory, 'stack.json'));
    await writeFileAtomically(join(directory, 'stack.json'), 'new', { mode: 0o600 });
    expect(await readFile(elsewhere, 'utf8')).toBe('not ours');
    expect(await readFile(join(directory, 'stack.json'), 'utf8')).toBe('new');
  });

  test('a place that cannot be written: named', async () => {
    const error = await writeFileAtomically('/sys/holdfast', 'x', { mode: 0o600 }).catch((reason: unknown) => reason);
    expect(hasCode(error, 'data-root-not-writable') && error.message).toContain('/sys/holdfast');
  });

  test('a directory that is missing: io, and the path is named', async () => {
    const path = join(directory, 'missing', 'x.json');
    const error = await writeFileAtomically(path, 'x', { mode: 0o600 }).catch((reason: unknown) => reason);
    expect(hasCode(error, 'io') && error.message).toContain(path);
  });

  test('a writer that is killed at any moment leaves the old content or the new one, whole', async () => {
    const path = join(directory, 'state.json');
    const script = await bundleForChild(directory, './src/files/atomic-file.ts', writerScript(path));
    for (const pauseMs of [0, 3, 7, 13, 29, 41]) {
      const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      child.kill('SIGKILL');
      await once(child, 'exit');
      const text = await readFile(path, 'utf8');
      expect(text).toHaveLength(200_000);
      expect(new Set(text).size).toBe(1);
    }
    await removeHalfMadeFiles(directory);
    expect((await readdir(directory)).filter((name) => name.includes('tmp-for-creation'))).toEqual([]);
  });
});

/** Writes the same letter 200 000 times, another letter each time: a torn file would hold two, or be short. */
function writerScript(path: string): string {
  return `
    for (let turn = 0; ; turn += 1) {
      const letter = String.fromCharCode(97 + (turn % 26));
      await writeFileAtomically(${JSON.stringify(path)}, letter.repeat(200_000), { mode: 0o600 });
      if (turn === 1) console.log('writing');
    }`;
}

test('removeHalfMadeFiles leaves every other file', async () => {
  await writeFile(join(directory, 'a.json'), '');
  await writeFile(join(directory, 'a.json.0123.tmp-for-creation'), '');
  await chmod(join(directory, 'a.json'), 0o400);
  await removeHalfMadeFiles(directory);
  expect(await readdir(directory)).toEqual(['a.json']);
});
