/** Paths inside a data root, all relative to it: the root can be copied or moved whole (docs/format/data-root.md). */
export const paths = {
  stackFile: 'stack.json',
  /** The lock of every verb that changes something. */
  lock: 'lock.json',
  /** What the daemon saw last; outlives the daemon and a teardown. */
  lastObservation: 'last-observation.json',
  volumes: 'volumes',
  volume: (component: string) => `volumes/${component}`,
  /** At the root of a volume. */
  identity: '.holdfast.json',
  /** At the root of a volume while a process writes to it. */
  volumeLock: '.holdfast.lock',
  records: 'records',
  record: (run: string) => `records/${run}.json`,
  inventories: 'inventories',
  inventory: (run: string) => `inventories/${run}.json`,
  proofs: 'proofs',
  proof: (run: string) => `proofs/${run}.json`,
  journal: 'journal',
  journalOf: (run: string) => `journal/${run}.ndjson`,
  secrets: 'secrets',
  user: 'secrets/user',
  password: 'secrets/password',
  passwordHash: 'secrets/password.bcrypt',
  logs: 'logs',
  log: (name: string) => `logs/${name}.log`,
  /** What a program's own repair could destroy, kept until the next good proof. */
  setAside: 'set-aside',
  setAsideOf: (component: string) => `set-aside/${component}`,
  /** Everything below run/ belongs to this machine and this run of the stack; teardown removes it. */
  run: 'run',
  daemon: 'run/daemon.json',
  instance: (component: string) => `run/${component}.json`,
  rendered: (component: string) => `run/config/${component}`,
} as const;

/** Where the component's program finds its data below its volume, as the charts lay it out. */
export const dataDirectoryInVolume: Readonly<Record<string, string>> = {
  prometheus: 'prometheus-db',
  alertmanager: 'alertmanager-db',
  grafana: '',
  pushgateway: '',
};

/** Where repairs of a data directory have their quarantine: beside it, but inside where it is a mount of its own. */
export function quarantinesOf(dataDirectory: string): { readonly beside: string; readonly inside: string } {
  return { beside: `${dataDirectory}-quarantine`, inside: `${dataDirectory}/quarantine` };
}
