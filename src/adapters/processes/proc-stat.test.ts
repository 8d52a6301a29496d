import { describe, expect, test } from 'vitest';
import { parseProcStat } from './proc-stat.ts';
import { parseTcpTable } from './tcp-listeners.ts';

describe('parseProcStat', () => {
  const rest = '4711 4712 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654 1000 200';

  test('reads past a command with spaces and parentheses', () => {
    expect(parseProcStat(`77 (a (b) c) d) S 1 ${rest}`)).toEqual({
      pid: 77,
      command: 'a (b) c) d',
      isDead: false,
      processGroup: 4711,
      session: 4712,
      startTicks: 987654,
    });
  });

  test('a zombie is dead', () => {
    expect(parseProcStat(`77 (sleep) Z 1 ${rest}`)?.isDead).toBe(true);
  });

  test.each(['', '77 sleep S', '77 (sleep', '77 (sleep) S 1'])('takes %j for no process', (text) => {
    expect(parseProcStat(text)).toBeUndefined();
  });
});

describe('parseTcpTable', () => {
  const header = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
  const listening = '   0: 0100007F:758A 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1';
  const connected = '   1: 0100007F:758A 0100007F:1234 01 00000000:00000000 00:00000000 00000000     0        0 4243 1';
  const six =
    '   2: 00000000000000000000000000000000:758A 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 99 1';

  test('finds who listens, and nobody who is merely connected', () => {
    expect(parseTcpTable([header, listening, connected, six, ''].join('\n'), 30090)).toEqual(['4242', '99']);
  });

  test('finds nobody on another port', () => {
    expect(parseTcpTable([header, listening].join('\n'), 30091)).toEqual([]);
  });
});
