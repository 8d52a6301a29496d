import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { createPushgatewayClient } from './pushgateway-client.ts';
import { findTestProgram, missing } from '../../stack/find-test-program.ts';

const { signal } = new AbortController();
const ends: (() => void)[] = [];
afterAll(() => {
  for (const end of ends) end();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const program = findTestProgram('prometheus-pushgateway', 'pushgateway');
const skip = missing(program, 'pushgateway');

test.skipIf(skip !== '')(`a real Pushgateway's groups are counted without its own push times${skip}`, async () => {
  const address = `http://127.0.0.1:${await freePort()}`;
  const child = spawn(program ?? '', [`--web.listen-address=${address.slice(7)}`], { stdio: 'ignore' });
  ends.push(() => child.kill());
  const client = createPushgatewayClient({ name: 'pushgateway', address, credentials: null });
  const deadline = Date.now() + 10_000;
  while (!(await client.isReady(signal)) && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await client.listGroups(signal)).toEqual([]);
  for (const path of ['job/z/instance/i', 'job/a']) {
    await fetch(`${address}/metrics/${path}`, { method: 'PUT', body: 'one 1\ntwo{x="1"} 2\ntwo{x="2"} 3\n' });
  }
  expect(await client.listGroups(signal)).toEqual([
    { key: '{"instance":"i","job":"z"}', series: 3 },
    { key: '{"job":"a"}', series: 3 },
  ]);
  expect(await client.version(signal)).toMatch(/^\d+\.\d+/);
});
