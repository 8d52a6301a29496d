import { SourceFailure } from './source-failure.ts';
import type { StoreContext } from './store-context.ts';

/**
 * Runs an action that asks a host, and remembers a host that gave no connection: it is not waited for again. Names the
 * proxy that the environment asks for, since it was not used.
 */
export async function withReachableHost<T>(context: StoreContext, url: URL, action: () => Promise<T>): Promise<T> {
  const { unreachable } = context.memory;
  const known = unreachable.get(url.host);
  if (known !== undefined) throw new SourceFailure(url.host, known);
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof SourceFailure) || !error.isUnreachable) throw error;
    const reason = error.message + proxyNote(context, url);
    unreachable.set(url.host, reason);
    throw SourceFailure.unreachable(url.host, reason, error);
  }
}

function proxyNote({ proxies = {} }: StoreContext, url: URL): string {
  const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const isSet = Object.entries(proxies).some(([key, value]) => key.toLowerCase() === name && value !== '');
  return isSet ? `; the environment names a proxy (${name}), which is not used for release archives` : '';
}
