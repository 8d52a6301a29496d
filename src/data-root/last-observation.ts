import { join } from 'node:path';
import { observationSchema, type Observation } from '../contract/daemon-api.ts';
import { findJsonFile } from '../files/read-json-file.ts';
import { paths } from '../model/paths.ts';

/** What the daemon of this data root saw last, also after it has ended; undefined where there never was one. */
export async function findLastObservation(dataRoot: string): Promise<Observation | undefined> {
  return findJsonFile(join(dataRoot, paths.lastObservation), observationSchema);
}
