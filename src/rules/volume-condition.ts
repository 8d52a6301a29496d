import { HoldfastError } from '../errors/holdfast-error.ts';
import type { Finding } from '../model/finding.ts';
import type { ListedVolume, VolumeCondition } from '../model/volume.ts';

/** The refusal that a listed volume's condition earns, or undefined where it is ours and readable. */
export function volumeRefusal(
  listed: ListedVolume,
  condition: VolumeCondition,
  dataRoot: string,
): HoldfastError | undefined {
  if (condition.state === 'ok') return undefined;
  const path = `${dataRoot}/${listed.path}`;
  const what = describe(listed, condition, path);
  return new HoldfastError('volume-refused', {
    message: `Volume ${listed.component} (id ${listed.id}) ${what}. Nothing was started or changed.`,
    remedy: volumeRemedy(condition.state, { id: listed.id, path }),
    details: { component: listed.component, id: listed.id, path, state: condition.state },
  });
}

/** A volume as whoever looks at the stack sees it. */
export interface SeenVolume {
  readonly component: ListedVolume['component'];
  readonly id: string;
  /** Absolute. */
  readonly path: string;
  readonly state: VolumeCondition['state'];
}

/** The same as findings, with the remedy that a refusal of `up` has. */
export function judgeVolumes(volumes: readonly SeenVolume[]): readonly Finding[] {
  return volumes.flatMap(({ component, id, path, state }): readonly Finding[] =>
    state === 'ok'
      ? []
      : [
          {
            rule: 'volume-refused',
            severity: 'error',
            object: `volumes/${component}`,
            message: `Volume ${component} (id ${id}) at ${path} is ${state}: nothing is started on it.`,
            remedy: volumeRemedy(state, { id, path }),
          },
        ],
  );
}

type RefusedCondition = Exclude<VolumeCondition, { state: 'ok' }>;

function describe(listed: ListedVolume, condition: RefusedCondition, path: string): string {
  switch (condition.state) {
    case 'missing':
      return `is listed in stack.json, but ${path} does not exist`;
    case 'empty':
      return `is listed in stack.json, but ${path} is empty: its data is elsewhere, or what it is mounted from is not there`;
    case 'foreign':
      return `is listed in stack.json, but ${path} is volume ${condition.identity.volumeId} (${condition.identity.component}) of stack ${condition.identity.stack} (id ${condition.identity.stackId})`;
    case 'unreadable':
      return `at ${path} cannot be used: ${condition.reason}`;
  }
}

function volumeRemedy(state: RefusedCondition['state'], { id, path }: Pick<SeenVolume, 'id' | 'path'>): string {
  switch (state) {
    case 'missing':
      return `Put the directory back at ${path} (mount it, or move it back from where it was put).`;
    case 'empty':
      return `Mount it, or put its content back into ${path}, with its .holdfast.json.`;
    case 'foreign':
      return `Put the volume with id ${id} at ${path}, and the other one back to its own stack.`;
    case 'unreadable':
      return `Put the whole directory back at ${path}, readable for this user: its .holdfast.json names the id ${id}.`;
  }
}
