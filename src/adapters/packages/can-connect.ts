import { connect } from 'node:net';

/** True where a TCP connection to the URL's host comes about in time. The signal ends the waiting, as a false. */
export function canConnect(url: URL, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
    const socket = connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port, signal });
    const timer = setTimeout(() => finish(false), timeoutMs);
    const finish = (answer: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}
