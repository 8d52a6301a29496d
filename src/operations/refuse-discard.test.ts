/**
 * What may be discarded and what not, before a sample is read: each reason to refuse, and the two weeks by a clock that
 * the test sets.
 */
import { describe, expect, test } from 'vitest';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { DiscardMark } from '../model/discard-step.ts';
import { discardedForMs, discardedName, parseDiscardedName } from '../rules/discard-name.ts';
import { quietForMs, refuseCandidate, refuseRemoval, type DiscardCandidate } from './refuse-discard.ts';

const nowMs = Date.parse('2026-11-24T23:15:00Z');
const plain: DiscardCandidate = {
  path: '/share/pvc-1',
  name: 'pvc-1',
  kind: 'prometheus',
  holds: 'data of Prometheus',
  isMount: false,
  boundTo: undefined,
  writer: undefined,
  hasVolumeLock: false,
  strangers: [],
  volumesBelow: [],
  isPartlySeen: false,
  lastWriteMs: nowMs - quietForMs,
};

function refusalOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    const { rule } = error.details;
    return typeof rule === 'string' ? rule : error.code;
  }
}

describe('a directory to be discarded', () => {
  test.each<[string | undefined, Partial<DiscardCandidate>]>([
    [undefined, {}],
    [undefined, { kind: 'empty', lastWriteMs: nowMs }],
    ['bound', { boundTo: { dataRoot: '/data', stack: 'monitoring' } }],
    ['bound', { boundTo: { dataRoot: '/data', stack: null } }],
    ['volume-locked', { writer: { pid: 7, command: 'prometheus' } }],
    ['locked', { hasVolumeLock: true }],
    ['mount', { isMount: true }],
    ['kind', { kind: 'other' }],
    ['kind', { kind: 'unknown' }],
    ['volumes', { volumesBelow: [{ path: '/share/pvc-1/a', kind: 'prometheus', isQuarantine: false }] }],
    ['volumes', { kind: 'unknown', volumesBelow: [{ path: '/share/pvc-1/a', kind: 'grafana', isQuarantine: false }] }],
    ['quarantine', { kind: 'unknown', volumesBelow: [{ path: '/q/r', kind: 'prometheus', isQuarantine: true }] }],
    ['strangers', { strangers: ['notes.txt is nothing that Prometheus writes'] }],
    ['recently-written', { lastWriteMs: nowMs - quietForMs + 1 }],
    ['recently-written', { lastWriteMs: nowMs + 1 }],
  ])('%s', (rule, changed) => {
    expect(refusalOf(() => refuseCandidate({ ...plain, ...changed }, nowMs))).toBe(rule);
  });
});

describe('a directory of volumes', () => {
  const below = (count: number) =>
    Array.from({ length: count }, (_, at) => ({
      path: `/share/pvc-1/v${at}`,
      kind: 'prometheus',
      isQuarantine: false,
    }));

  test('is told by the first ones, and one of them is to be named', () => {
    const error = thrownBy({
      kind: 'unknown',
      volumesBelow: [{ path: '/share/pvc-1/g', kind: 'grafana', isQuarantine: false }, ...below(8)],
    });
    expect(error.message).toContain(
      'it holds volumes: /share/pvc-1/g (grafana), /share/pvc-1/v0 (prometheus), /share/pvc-1/v1 (prometheus) and at least 6 more.',
    );
    expect(error.remedy).toBe("Name one of them: holdfast rescue discard '/share/pvc-1/v0' --plan");
  });

  test('nobody is told to remove what was not wholly looked through', () => {
    expect(thrownBy({ kind: 'unknown' }).remedy).toContain('remove it by hand');
    expect(thrownBy({ kind: 'unknown', isPartlySeen: true }).remedy).not.toContain('remove');
    expect(thrownBy({ kind: 'unknown', volumesBelow: below(1) }).remedy).not.toContain('remove');
    expect(thrownBy({ kind: 'other', volumesBelow: below(1) }).remedy).not.toContain('remove');
  });

  function thrownBy(changed: Partial<DiscardCandidate>): HoldfastError {
    try {
      refuseCandidate({ ...plain, ...changed }, nowMs);
    } catch (error) {
      if (error instanceof HoldfastError) return error;
      throw error;
    }
    throw new Error('It was not refused.');
  }
});

describe('a discarded directory to be deleted', () => {
  const atMs = nowMs;
  const path = `/share/${discardedName('pvc-1', atMs)}`;
  const proof = { provedAtMs: atMs, series: 1, samples: 1, fromMs: 0, toMs: 0, keptIn: [] };
  const mark: DiscardMark = {
    format: 1,
    run: 'r',
    name: 'pvc-1',
    directory: '/share/pvc-1',
    discardedAtMs: atMs,
    proof,
    wayBack: '',
  };

  test('stays to the last moment of 14 days, by the later of name and mark', () => {
    const at = (ms: number, changed = mark) => refusalOf(() => refuseRemoval(path, changed, ms));
    expect(at(atMs + discardedForMs - 1)).toBe('too-young');
    expect(at(atMs + discardedForMs)).toBeUndefined();
    expect(at(atMs + discardedForMs, { ...mark, discardedAtMs: atMs + 1 })).toBe('too-young');
    expect(at(atMs + discardedForMs - 1, { ...mark, discardedAtMs: 0 })).toBe('too-young');
    // A clock that went back makes nothing older.
    expect(at(atMs - discardedForMs)).toBe('too-young');
  });

  test('needs its mark, and one of its own name', () => {
    const later = atMs + discardedForMs;
    expect(refusalOf(() => refuseRemoval(path, undefined, later))).toBe('unmarked');
    expect(refusalOf(() => refuseRemoval(path, { ...mark, name: 'pvc-2' }, later))).toBe('unmarked');
    expect(refusalOf(() => refuseRemoval('/share/pvc-1', mark, later))).toBe('unmarked');
  });

  test('is told by its name alone', () => {
    expect(discardedName('pvc-1', atMs)).toBe('pvc-1.discarded-20261124T231500Z');
    expect(parseDiscardedName('a.discarded-20261124T231500Z')).toEqual({ name: 'a', atMs, isGoing: false });
    expect(parseDiscardedName('a.discarded-20261124T231500Z.tmp-for-deletion')?.isGoing).toBe(true);
    for (const other of ['a', '.discarded-20261124T231500Z', 'a.discarded-20261324T231500Z', 'a.discarded-x']) {
      expect(parseDiscardedName(other)).toBeUndefined();
    }
  });
});
