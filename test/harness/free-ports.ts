import { createServer, type Server } from 'node:net';

/**
 * Ports of the loopback that are free now. They lie below the range from which Linux takes the ports of outgoing
 * connections (32768 and up), and below the ports that a config has by default: a stack that is down for a moment finds its
 * ports free when it comes back.
 */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  const held: HeldPort[] = [];
  try {
    for (let attempt = 0; held.length < count; attempt += 1) {
      if (attempt > 1000) throw new Error('There are no free ports between 20000 and 30000.');
      const port = 20_000 + Math.floor(Math.random() * 10_000);
      const taken = await holdPort(port).catch(() => undefined);
      if (taken !== undefined) held.push(taken);
    }
    return held.map(({ port }) => port);
  } finally {
    await Promise.all(held.map(async ({ release }) => release()));
  }
}

export interface HeldPort {
  readonly port: number;
  readonly release: () => Promise<void>;
}

/** Listens on a port of the loopback in this very process. */
export async function holdPort(port: number): Promise<HeldPort> {
  const server = await listen(port);
  return { port, release: async () => new Promise((resolve) => server.close(() => resolve())) };
}

async function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port }, () => resolve(server));
  });
}
