import fc from 'fast-check';
import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isInside, joinInside, resolveInside } from './paths-guard.ts';

let root = '';
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'holdfast-guard-')));
});
afterEach(() => rm(root, { recursive: true }));

test.each(['..', '../x', 'a/../../x', '/etc/passwd', 'a\0b'])('%j leads out', (path) => {
  expect(() => joinInside('/data', path)).toThrow('does not stay inside');
});

test('whatever is joined stays inside', () => {
  const part = fc.constantFrom('..', '.', 'a', 'b..', '...', '/', '//', ' ');
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), (parts) => {
      let joined: string;
      try {
        joined = joinInside('/data', parts.join('/'));
      } catch {
        return;
      }
      expect(isInside('/data', joined)).toBe(true);
    }),
  );
});

test('a symlink may lead elsewhere inside, but not out, also where its target is missing', async () => {
  await mkdir(join(root, 'inside/real'), { recursive: true });
  await symlink('inside', join(root, 'to-inside'));
  await symlink('/tmp', join(root, 'out'));
  await symlink('/nowhere/at/all', join(root, 'dangling'));
  expect(await resolveInside(root, 'to-inside/real/new.json')).toBe(join(root, 'to-inside/real/new.json'));
  await expect(resolveInside(root, 'out/x')).rejects.toThrow('does not stay inside');
  await expect(resolveInside(root, 'dangling')).rejects.toThrow('does not stay inside');
});

test('a root that is reached by a symlink is no way out', async () => {
  await mkdir(join(root, 'real'));
  await symlink(join(root, 'real'), join(root, 'link'));
  expect(await resolveInside(join(root, 'link'), 'x')).toBe(join(root, 'link', 'x'));
});
