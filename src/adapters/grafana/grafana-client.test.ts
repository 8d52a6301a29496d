import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGrafanaClient } from './grafana-client.ts';

let database = 'ok';
const total = 2300;
const server = createServer((incoming, response) => {
  const url = new URL(incoming.url ?? '/', 'http://grafana');
  if (url.pathname === '/api/health') {
    response.end(JSON.stringify({ commit: 'x', database, version: '13.2.0' }));
    return;
  }
  const limit = Number(url.searchParams.get('limit'));
  const from = (Number(url.searchParams.get('page')) - 1) * limit;
  const uids = Array.from({ length: Math.max(0, Math.min(limit, total - from)) }, (_, index) => ({
    uid: `d${from + index}`,
  }));
  response.end(JSON.stringify(uids));
});
const { signal } = new AbortController();
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
});
const clientOf = () =>
  createGrafanaClient({
    name: 'grafana',
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { user: 'u', password: 'p' },
  });

test('dashboards are read page by page, to the last one', async () => {
  const dashboards = await clientOf().listDashboards(signal);
  expect(dashboards).toHaveLength(total);
  expect(dashboards).toContain('d2299');
});

test('it is ready with its database, and not before', async () => {
  expect(await clientOf().isReady(signal)).toBe(true);
  database = 'failing';
  expect(await clientOf().isReady(signal)).toBe(false);
  expect(await clientOf().version(signal)).toBe('13.2.0');
});
