import type { Observation } from '../../contract/daemon-api.ts';

/** ok, nothing still starting, and Prometheus has stored a sample since it started. */
export function isSettled(observation: Observation | undefined): boolean {
  if (observation === undefined || !observation.ok) return false;
  if (observation.components.some(({ state }) => state === 'starting' || state === 'restarting')) return false;
  const prometheus = observation.components.find(({ name }) => name === 'prometheus');
  if (prometheus?.state !== 'running' || prometheus.sinceMs === null) return true;
  return observation.newestSampleMs !== null && observation.newestSampleMs >= prometheus.sinceMs;
}
