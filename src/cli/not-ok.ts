import { HoldfastError } from '../errors/holdfast-error.ts';
import type { StatusReport } from '../model/status.ts';

/** What a status that is not ok says as an error; undefined for one that is. */
export function findNotOk(status: StatusReport): HoldfastError | undefined {
  if (status.ok) return undefined;
  const finding = status.findings.find(({ severity }) => severity === 'error');
  const expected = ['running', 'unavailable', 'not-applicable'];
  const component = status.components.find(({ state }) => !expected.includes(state));
  const volume = status.volumes.find(({ state }) => state !== 'ok');
  const message =
    finding?.message ??
    (volume && `Volume ${volume.component} is ${volume.state} (${volume.path}).`) ??
    (component && `${component.name} is ${component.state}: ${component.reason ?? 'no reason is known'}.`) ??
    'Something that should run does not.';
  return new HoldfastError('not-ok', {
    message: `Stack ${status.stack} is not ok: ${message}`,
    remedy:
      finding?.remedy ??
      (component ? `Look at \`holdfast logs ${component.name}\`.` : 'Look at `holdfast logs daemon`.'),
    details: { findings: status.findings.filter(({ severity }) => severity === 'error').map(({ rule }) => rule) },
  });
}
