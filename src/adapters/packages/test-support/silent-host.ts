import { spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';

export interface SilentHost {
  readonly port: number;
  end(): void;
}

/**
 * A port on which connections neither come about nor are refused, as behind a firewall that drops packets: a process that
 * listens and never accepts, with its backlog filled.
 */
export async function startSilentHost(): Promise<SilentHost> {
  const script = `const s = require('node:net').createServer();
    s.listen({port: 0, host: '127.0.0.1', backlog: 1}, () => {
      require('node:fs').writeSync(1, s.address().port + '\\n');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60000);
    });`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  const port = await new Promise<number>((resolve) => child.stdout.once('data', (data) => resolve(Number(data))));
  const fillers: Socket[] = [];
  while (await connects(port, fillers));
  return {
    port,
    end: () => {
      for (const socket of fillers) socket.destroy();
      child.kill('SIGKILL');
    },
  };
}

/** True while the backlog still has room. */
function connects(port: number, fillers: Socket[]): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    fillers.push(socket);
    socket.on('error', () => undefined);
    socket.once('connect', () => resolve(true));
    setTimeout(() => resolve(false), 300);
  });
}
