import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { followSymlinks, resolveDataRoot, type DataRootSources } from './data-root.ts';

const none: DataRootSources = {
  flag: undefined,
  environment: undefined,
  file: undefined,
  xdgDataHome: undefined,
  home: undefined,
  workingDirectory: '/w',
};

describe('resolveDataRoot', () => {
  const all = { ...none, flag: 'f', environment: 'e', file: '/c/d', xdgDataHome: '/x', home: '/h' };
  test.each([
    [all, '/w/f'],
    [{ ...all, flag: undefined }, '/w/e'],
    [{ ...all, flag: undefined, environment: '' }, '/c/d'],
    [{ ...none, xdgDataHome: '/x', home: '/h' }, '/x/holdfast'],
    [{ ...none, xdgDataHome: 'relative', home: '/h' }, '/h/.local/share/holdfast'],
  ])('%j -> %s', (sources, expected) => {
    expect(resolveDataRoot(sources)).toBe(expected);
  });

  test('an empty flag and a missing home are said', () => {
    expect(() => resolveDataRoot({ ...all, flag: '' })).toThrow('--data was given without a directory.');
    expect(() => resolveDataRoot(none)).toThrow('There is no home directory');
  });
});

test('followSymlinks follows what exists and keeps what does not', async () => {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'holdfast-root-')));
  await mkdir(join(root, 'real'));
  await symlink('real', join(root, 'link'));
  expect(await followSymlinks(join(root, 'link', 'new', 'root'))).toBe(join(root, 'real', 'new', 'root'));
  await rm(root, { recursive: true });
});
