import { HoldfastError } from '../errors/holdfast-error.ts';
import type { ListedVolume, VolumeCondition } from '../model/volume.ts';

/** The refusal that a listed volume's condition earns, or undefined where it is ours and readable. */
export function volumeRefusal(
  listed: ListedVolume,
  condition: VolumeCondition,
  dataRoot: string,
): HoldfastError | undefined {
  if (condition.state === 'ok') return undefined;
  const path = `${dataRoot}/${listed.path}`;
  const { what, remedy } = describe(listed, condition, path);
  return new HoldfastError('volume-refused', {
    message: `Volume ${listed.component} (id ${listed.id}) ${what}. Nothing was started or changed.`,
    remedy,
    details: { component: listed.component, id: listed.id, path, state: condition.state },
  });
}

function describe(
  listed: ListedVolume,
  condition: Exclude<VolumeCondition, { state: 'ok' }>,
  path: string,
): { readonly what: string; readonly remedy: string } {
  switch (condition.state) {
    case 'missing':
      return {
        what: `is listed in stack.json, but ${path} does not exist`,
        remedy: `Put the directory back at ${path} (mount it, or move it back from where it was put).`,
      };
    case 'empty':
      return {
        what: `is listed in stack.json, but ${path} is empty: its data is elsewhere, or what it is mounted from is not there`,
        remedy: `Mount it, or put its content back into ${path}, with its .holdfast.json.`,
      };
    case 'foreign':
      return {
        what: `is listed in stack.json, but ${path} is volume ${condition.identity.volumeId} (${condition.identity.component}) of stack ${condition.identity.stack} (id ${condition.identity.stackId})`,
        remedy: `Put the volume with id ${listed.id} at ${path}, and the other one back to its own stack.`,
      };
    case 'unreadable':
      return {
        what: `at ${path} cannot be used: ${condition.reason}`,
        remedy: `Put the whole directory back at ${path}, readable for this user: its .holdfast.json names the id ${listed.id}.`,
      };
  }
}
