import type { DaemonClient } from '../contract/daemon-api.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { ComponentKeeper } from './component-keeper.ts';
import type { Observer } from './observer.ts';

export interface Shutdown {
  readonly promise: Promise<{ readonly stop: boolean }>;
  readonly resolve: (how: { readonly stop: boolean }) => void;
}

/** What commands can ask of the daemon: the same interface that its client has on the other side of the socket. */
export function createControl(
  keepers: readonly ComponentKeeper[],
  observer: Observer,
): { readonly control: DaemonClient; readonly shutdown: Shutdown } {
  const shutdown = createShutdown();
  const getKeeper = (name: string) => {
    const keeper = keepers.find((candidate) => candidate.component === name);
    if (keeper !== undefined) return keeper;
    throw new HoldfastError('bad-arguments', {
      message: `The daemon keeps no component ${name}.`,
      remedy: `Name one of ${keepers.map((candidate) => candidate.component).join(', ')}.`,
    });
  };
  const control: DaemonClient = {
    observe: (options, signal) => observer.observe(options, signal),
    hold: async (component, run) => getKeeper(component).hold(run),
    stop: async (component, run) => getKeeper(component).stop(run),
    start: async (component, run) => getKeeper(component).start(run),
    shutdown: async (options) => shutdown.resolve(options),
  };
  return { control, shutdown };
}

function createShutdown(): Shutdown {
  let resolve: Shutdown['resolve'] = () => undefined;
  const promise = new Promise<{ readonly stop: boolean }>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
