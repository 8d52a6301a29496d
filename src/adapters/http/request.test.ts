import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { request, type Endpoint } from './request.ts';
import { requestJson } from './request-json.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<Endpoint> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const credentials = { user: 'stack', password: 'se:cret' };
  return { name: 'prometheus', address: `http://127.0.0.1:${address.port}`, credentials };
}

async function errorOf(promise: Promise<unknown>): Promise<HoldfastError> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown);
  if (error instanceof HoldfastError) return error;
  throw new Error('no HoldfastError');
}

describe('one exchange', () => {
  test('sends the password as basic auth and a form as its body', async () => {
    const endpoint = await serve((incoming, response) => {
      incoming.setEncoding('utf8').on('data', (body: string) => {
        response.end(`${incoming.method} ${incoming.url} ${incoming.headers.authorization} ${body}`);
      });
    });
    const answer = await request(endpoint, { path: '/q?a=1', form: { query: 'up{a="b"}' } });
    const basic = `Basic ${Buffer.from('stack:se:cret').toString('base64')}`;
    expect(answer).toEqual({ status: 200, text: `POST /q?a=1 ${basic} query=up%7Ba%3D%22b%22%7D` });
  });

  test('gives any status back, and does not follow elsewhere', async () => {
    const endpoint = await serve((_, response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
    });
    expect((await request(endpoint, { path: '/' })).status).toBe(302);
  });

  test('ends at its deadline, at its size limit, and on the signal', async () => {
    const endpoint = await serve((incoming, response) => {
      if (incoming.url === '/endless') response.write(Buffer.alloc(100_000));
    });
    const late = await errorOf(request(endpoint, { path: '/silent', timeoutMs: 50 }));
    expect([late.code, late.message]).toEqual([
      'component-api',
      `prometheus at ${endpoint.address}: no answer in time.`,
    ]);
    const long = await errorOf(request(endpoint, { path: '/endless', maxBytes: 1000 }));
    expect(long.message).toContain('longer than 1000 bytes');
    const stop = new AbortController();
    const stopped = errorOf(request(endpoint, { path: '/silent', signal: stop.signal }));
    stop.abort();
    expect((await stopped).code).toBe('cancelled');
  });

  test('names a component that nobody answers for, and never the password', async () => {
    const endpoint = await serve(() => undefined);
    servers[0]?.close();
    await once(servers[0] as Server, 'close');
    const error = await errorOf(request(endpoint, { path: '/' }));
    expect(error.code).toBe('component-api');
    expect(error.message).toContain('ECONNREFUSED');
    expect(JSON.stringify([error.message, error.remedy, error.details])).not.toContain('cret');
  });
});

test('JSON of another shape, no JSON, and another status are errors in words', async () => {
  const answers: Record<string, string> = { '/shape': '{"a":"x"}', '/text': '<html>', '/good': '{"a":1,"b":2}' };
  const endpoint = await serve((incoming, response) => {
    response.writeHead(answers[incoming.url ?? ''] === undefined ? 503 : 200).end(answers[incoming.url ?? '']);
  });
  const schema = z.object({ a: z.number() });
  expect(await requestJson(endpoint, { path: '/good' }, schema)).toEqual({ a: 1 });
  const messageOf = async (path: string) => (await errorOf(requestJson(endpoint, { path }, schema))).message;
  expect(await messageOf('/shape')).toContain('/shape answers in another form (a ');
  expect(await messageOf('/text')).toContain('/text does not answer with JSON');
  expect(await messageOf('/gone')).toContain('/gone answers status 503');
});
