/** A block that cannot be looked into is no block that is not there. */
import { expect, test } from 'vitest';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import type { BlockDamage } from './block-reader.ts';
import { readMetas } from './read-metas.ts';

const block = '01HF2Q7B1Z3V9Q0W8YJ5K6M7N8';

function filesThat(code: string): TsdbFiles {
  return {
    list: () => [block],
    listLinks: () => [],
    open: () => {
      throw Object.assign(new Error(`${code}: that is what it says`), { code, syscall: 'open' });
    },
  };
}

test.each(['EACCES', 'EPERM', 'EIO', 'ESTALE'])('one of which the file system says %s is told as damage', (code) => {
  const damages: BlockDamage[] = [];
  expect(readMetas(filesThat(code), (damage) => damages.push(damage))).toEqual([]);
  expect(damages.map(({ file, damage }) => [file, damage.rule, damage.message])).toEqual([
    [`${block}/meta.json`, 'unreadable', `the block cannot be read (${code})`],
  ]);
});

test('that there are too many open files says nothing about a block', () => {
  expect(() => readMetas(filesThat('EMFILE'), () => undefined)).toThrow('EMFILE');
});
