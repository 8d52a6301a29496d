import { expect, test } from 'vitest';
import { createStyle } from './style.ts';
import { renderTable } from './table.ts';

const columns = [{ head: 'NAME' }, { head: 'COUNT', align: 'right' as const }, { head: 'PATH' }];
const rows = [
  ['prometheus', '7', '/srv/holdfast/volumes/prometheus'],
  ['x', '1 234', '/'],
];

test('columns are as wide as their widest cell, numbers stand at the right, nothing trails', () => {
  expect(renderTable(columns, rows, createStyle({ hasColor: false, columns: undefined }))).toEqual([
    'NAME        COUNT  PATH',
    'prometheus      7  /srv/holdfast/volumes/prometheus',
    'x           1 234  /',
  ]);
});

test('where the terminal is narrower, the widest column is wrapped and no character is lost', () => {
  const lines = renderTable(columns, rows, createStyle({ hasColor: false, columns: 40 }));
  expect(lines.every((line) => line.length <= 40)).toBe(true);
  expect(lines).toEqual([
    'NAME        COUNT  PATH',
    'prometheus      7  /srv/holdfast/volumes',
    '                   /prometheus',
    'x           1 234  /',
  ]);
});

test('on a screen that is too narrow for anything, columns stay readable', () => {
  const lines = renderTable(columns, rows, createStyle({ hasColor: false, columns: 5 }));
  expect(lines[0]).toBe('NAME        COUNT  PATH');
});

test('heads are bold', () => {
  expect(renderTable(columns, [], createStyle({ hasColor: true, columns: undefined }))).toEqual([
    '\u001b[1mNAME  COUNT  PATH\u001b[22m',
  ]);
});
