import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { freeSpace } from './free-space.ts';
import { fromFsError, withFsErrors } from './fs-errors.ts';

const caught = (action: () => Promise<unknown>) => action().then(undefined, (error: unknown) => error as HoldfastError);

test('no space left is disk-full, and what was tried is named', async () => {
  const error = await caught(() => withFsErrors('/dev/full', 'write', () => writeFile('/dev/full', 'x')));
  expect(error).toMatchObject({ code: 'disk-full', details: { path: '/dev/full', errno: 'ENOSPC' } });
});

test('an error that is ours or a bug passes as it is', async () => {
  const ours = new HoldfastError('locked', { message: 'm', remedy: 'r' });
  const bug = new TypeError('x is undefined');
  expect(fromFsError(ours, '/x', 'write')).toBe(ours);
  expect(fromFsError(bug, '/x', 'write')).toBe(bug);
});

test('an error that was said in our words is not said again', async () => {
  const inner = () => withFsErrors('/dev/full', 'write', () => writeFile('/dev/full', 'x'));
  const error = await caught(() => withFsErrors('/outer', 'read', inner));
  expect(error).toMatchObject({ code: 'disk-full', details: { path: '/dev/full' } });
});

test('any other error names the path, and says what is still safe', async () => {
  const read = await caught(() => withFsErrors('/etc/hostname/x', 'read', () => readFile('/etc/hostname/x')));
  expect(read).toMatchObject({
    code: 'io',
    message: '/etc/hostname/x could not be read (ENOTDIR). It was left as it is.',
  });
  const write = await caught(() => withFsErrors('/etc/hostname/x', 'write', () => writeFile('/etc/hostname/x', '')));
  expect(write).toMatchObject({
    code: 'io',
    message: '/etc/hostname/x could not be written (ENOTDIR). What was there before is unchanged.',
  });
});

test('free space of a path that is still to be made is that of its nearest parent', async () => {
  const bytes = await freeSpace('/tmp/not/there/yet');
  expect(bytes).toBeGreaterThan(0);
  expect(Number.isSafeInteger(bytes)).toBe(true);
});
