import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasCode } from '../../errors/holdfast-error.ts';
import { createAlertmanagerClient } from './alertmanager-client.ts';

/** As Alertmanager 0.25 answers, with what it says beside. */
const answers: Record<string, unknown> = {
  '/-/ready': 'OK',
  '/api/v2/status': { cluster: { status: 'disabled' }, versionInfo: { version: '0.25.0', branch: 'debian/sid' } },
  '/api/v2/silences': [
    {
      id: '6f0c6a4e-1f0f-4a8e-9d39-4b9a3d9b5a2e',
      status: { state: 'active' },
      updatedAt: '2026-11-24T02:41:33.797Z',
      comment: 'c',
      endsAt: '2026-11-25T02:41:33.000Z',
      matchers: [],
    },
    { id: 'old', status: { state: 'expired' }, endsAt: '2026-11-01T00:00:00.000+01:00' },
  ],
};
const server = createServer((incoming, response) => {
  const answer = answers[incoming.url ?? ''];
  response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer));
});
const { signal } = new AbortController();
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
});
const clientOf = (path = '') => {
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  return createAlertmanagerClient({ name: 'alertmanager', address, credentials: null });
};

test('silences are told apart by id, state and end', async () => {
  expect(await clientOf().listSilences(signal)).toEqual([
    { id: '6f0c6a4e-1f0f-4a8e-9d39-4b9a3d9b5a2e', state: 'active', endsAtMs: Date.UTC(2026, 10, 25, 2, 41, 33) },
    { id: 'old', state: 'expired', endsAtMs: Date.UTC(2026, 9, 31, 23) },
  ]);
  expect(await clientOf().version(signal)).toBe('0.25.0');
  expect(await clientOf().isReady(signal)).toBe(true);
});

test('an answer of another form is an error, not an empty list', async () => {
  answers['/api/v2/silences'] = { silences: [] };
  const error: unknown = await clientOf()
    .listSilences(signal)
    .catch((thrown: unknown) => thrown);
  expect(hasCode(error, 'component-api')).toBe(true);
});
