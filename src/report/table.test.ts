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

test('where the terminal is narrower, columns are wrapped at spaces, the widest first', () => {
  const told = [
    ['prometheus', '1 234', 'two days ago'],
    ['x', '7', '-'],
  ];
  expect(renderTable(columns, told, createStyle({ hasColor: false, columns: 27 }))).toEqual([
    'NAME        COUNT  PATH',
    'prometheus  1 234  two days',
    '                   ago',
    'x               7  -',
  ]);
});

test('where a path or a number would be cut, each row is a block, and everything in it can be copied', () => {
  for (const width of [40, 5]) {
    expect(renderTable(columns, rows, createStyle({ hasColor: false, columns: width }))).toEqual([
      'NAME: prometheus',
      'COUNT: 7',
      'PATH: /srv/holdfast/volumes/prometheus',
      '',
      'NAME: x',
      'COUNT: 1 234',
      'PATH: /',
    ]);
  }
});

test('a table without rows has its heads, however narrow the terminal is', () => {
  expect(renderTable(columns, [], createStyle({ hasColor: false, columns: 5 }))).toEqual(['NAME  COUNT  PATH']);
});

test('heads are bold', () => {
  expect(renderTable(columns, [], createStyle({ hasColor: true, columns: undefined }))).toEqual([
    '\u001b[1mNAME  COUNT  PATH\u001b[22m',
  ]);
});
