import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PushgatewayLoader, PushgatewayProgram } from '../../adapters/pushgateway/pushgateway-loader-reader.ts';
import type { SqliteReader } from '../../adapters/sqlite/sqlite-reader.ts';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import type { VolumeComponent } from '../../model/component.ts';
import { checkAlertmanager } from './check-alertmanager.ts';
import { DataFindings, type CheckedData } from './data-findings.ts';

/** What asks a component's own program, or its library, about its data. */
export interface DataCheckers {
  readonly pushgateway: PushgatewayLoader;
  readonly sqlite: SqliteReader;
}

export interface DataPlace {
  readonly component: Exclude<VolumeComponent, 'prometheus'>;
  readonly directory: string;
  /** Pushgateway's, below the directory. */
  readonly dataFile: string;
  /** Pushgateway's own one of the stack; null where nobody knows it. */
  readonly program: PushgatewayProgram | null;
}

/** Checks the data of one component but Prometheus. Nothing in its directory is written. */
export async function checkComponentData(
  place: DataPlace,
  checkers: DataCheckers,
  signal: AbortSignal,
): Promise<CheckedData> {
  const info = await lstat(place.directory).catch(() => undefined);
  if (info?.isDirectory() !== true) {
    const findings = new DataFindings();
    findings.error('missing', '', nowhere, `${place.directory} is not there, or is no directory.`);
    return { bytes: 0, findings: findings.list() };
  }
  switch (place.component) {
    case 'alertmanager':
      return checkAlertmanager(place.directory);
    case 'pushgateway':
      return checkPushgateway(place, checkers, signal);
    case 'grafana':
      return checkGrafana(place.directory, checkers, signal);
  }
}

async function checkPushgateway(
  { directory, dataFile, program }: DataPlace,
  { pushgateway }: DataCheckers,
  signal: AbortSignal,
): Promise<CheckedData> {
  const findings = new DataFindings();
  const file = join(directory, dataFile);
  const bytes = await sizeOf(file, findings, dataFile);
  if (bytes === undefined) return { bytes: 0, findings: findings.list() };
  if (bytes === null) {
    findings.info('no-data', dataFile, 'Pushgateway has written no file here yet.');
    return { bytes: 0, findings: findings.list() };
  }
  const fault = await pushgateway.findFault(file);
  if (fault !== undefined) {
    findings.error(
      'bad-structure',
      dataFile,
      nowhere,
      `${dataFile} is no file that Pushgateway can load: ${fault}. ${emptied}`,
    );
    return { bytes, findings: findings.list() };
  }
  const loaded = await pushgateway.load(file, program, signal);
  if (loaded.state === 'loaded') {
    const series = loaded.groups.reduce((sum, group) => sum + group.series, 0);
    const message = `Pushgateway ${loaded.version} loads a copy of ${dataFile}: ${loaded.groups.length} groups, ${series} series.`;
    findings.info('loaded', dataFile, message);
  } else if (loaded.state === 'refused') {
    findings.error(
      'bad-structure',
      dataFile,
      nowhere,
      `${dataFile}: a Pushgateway that was given a copy says that ${loaded.reason}. ${emptied}`,
    );
  } else {
    const message = `${dataFile} has the frame of such a file, but no Pushgateway was asked to load it: ${loaded.reason}.`;
    findings.notChecked(dataFile, message, 'Have Pushgateway on the path, or in the stack, and check again.');
  }
  return { bytes, findings: findings.list() };
}

const nowhere = { offset: null };
const emptied = 'Pushgateway would start empty and overwrite it.';
const database = 'grafana.db';

async function checkGrafana(directory: string, { sqlite }: DataCheckers, signal: AbortSignal): Promise<CheckedData> {
  const findings = new DataFindings();
  const file = join(directory, database);
  const bytes = await sizeOf(file, findings, database);
  if (bytes === undefined) return { bytes: 0, findings: findings.list() };
  if (bytes === null) {
    findings.info('no-data', database, 'Grafana has written no database here yet.');
    return { bytes: 0, findings: findings.list() };
  }
  if (bytes === 0) {
    findings.error('truncated', database, nowhere, `${database} is empty: Grafana would begin with nothing.`);
    return { bytes, findings: findings.list() };
  }
  const checked = await sqlite.check(file, signal);
  if (checked.state === 'damaged') {
    for (const problem of checked.problems) {
      findings.error('bad-structure', database, nowhere, `${database}: SQLite says: ${problem}`);
    }
  } else if (checked.state === 'unchecked') {
    findings.notChecked(database, `${database} was not checked: ${checked.why}`, checked.remedy);
  } else {
    const { tables, rows, leftover } = checked;
    const message = `SQLite reads a copy of ${database} whole: ${tables} tables, ${rows} rows, no damage.`;
    findings.info('loaded', database, message);
    if (leftover !== null) findings.info('leftover', database, tellLeftover[leftover]);
  }
  return { bytes, findings: findings.list() };
}

const tellLeftover = {
  'rollback-journal': `${database}-journal is there: a transaction that was never finished is undone when Grafana opens it.`,
  'write-ahead-log': `${database}-wal is there: what it holds was checked, and comes into the database when Grafana opens it.`,
} as const;

/** Null where there is none, undefined where it is told as a finding. */
async function sizeOf(path: string, findings: DataFindings, name: string): Promise<number | null | undefined> {
  try {
    const info = await lstat(path);
    if (info.isFile()) return info.size;
    findings.error('bad-structure', name, nowhere, `${name} is not a regular file.`);
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    if (error instanceof HoldfastError) throw error;
    findings.unreadable(name, error);
    return undefined;
  }
}
