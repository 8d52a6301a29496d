import type { ListeningProcess } from '../adapters/processes/processes.ts';

/** `python3 (pid 4711)`, or a process of another user where it cannot be named. */
export function describeListener(listener: ListeningProcess): string {
  if (listener.pid === null) return 'a process of another user';
  return `${listener.command ?? 'a process'} (pid ${listener.pid})`;
}
