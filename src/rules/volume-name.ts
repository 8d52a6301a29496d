export interface VolumeName {
  /** `namespace/claim` where both can be told apart, else what the provisioner made of them; null where it made nothing. */
  readonly claim: string | null;
  readonly isArchived: boolean;
}

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/** local-path-provisioner: `pvc-<uid>_<namespace>_<claim>`. */
const localPath = new RegExp(`^pvc-${uuid}_([a-z0-9-]+)_([a-z0-9.-]+)$`);
/** nfs-subdir-external-provisioner: `<namespace>-<claim>-<pv>`. */
const nfsSubdir = new RegExp(`^(.+)-pvc-${uuid}$`);
/** Claims as the charts name them (PrometheusSpec and AlertmanagerSpec storage, Grafana and Pushgateway releases). */
const chartClaim =
  /^(.+?)-((?:prometheus|alertmanager)-.+-db-(?:prometheus|alertmanager)-.+-\d+|storage-.+-\d+|storage-volume-.+-\d+|[a-z0-9.]*-?grafana|(?:[a-z0-9.]+-)?prometheus-pushgateway)$/;

/**
 * What a provisioner's directory name says of the claim that it was made for. csi-driver-nfs makes `pvc-<uid>`, which says
 * nothing; both drivers put `archived-` before what they were told to archive.
 */
export function parseVolumeName(name: string): VolumeName {
  const isArchived = name.startsWith('archived-');
  const made = isArchived ? name.slice('archived-'.length) : name;
  return { claim: claimOf(made), isArchived };
}

function claimOf(made: string): string | null {
  const local = localPath.exec(made);
  if (local !== null) return `${local[1]}/${local[2]}`;
  const joined = nfsSubdir.exec(made)?.[1];
  if (joined === undefined) return null;
  const split = chartClaim.exec(joined);
  return split === null ? joined : `${split[1]}/${split[2]}`;
}
