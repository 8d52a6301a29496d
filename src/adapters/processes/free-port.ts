import { createServer } from 'node:net';

/** A port of the loopback that nobody listens on at this moment; another program may be quicker to take it. */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const found = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof found === 'object' && found !== null ? found.port : 0;
}
