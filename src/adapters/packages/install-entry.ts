import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory, writeNewFile } from '../../files/atomic-file.ts';
import { withFsErrors } from '../../files/fs-errors.ts';
import type { InstalledProgram, ProgramName } from '../../model/program.ts';
import { entryPath, entryRecordFile, findEntryProgram, type EntryProgram, type EntryRecord } from './cache-entry.ts';
import { refuseChangedProgram } from './cache-source.ts';
import { findFileStamp } from './file-stamp.ts';
import { findGrafanaHome } from './grafana-home.ts';
import { putInPlace, withHalfMade } from './half-made.ts';
import { hashFile } from './hash-file.ts';
import { inspectProgram } from './inspect-program.ts';
import { recordArchive, refuseChangedArchive } from './ledger.ts';
import { packageTable } from './package-table.ts';
import type { PackageName } from './program-table.ts';
import { SourceFailure } from './source-failure.ts';
import type { ProgramRequest, StoreContext } from './store-context.ts';
import { syncTree } from './sync-tree.ts';

/** What is unpacked into an entry, and where its programs lie in it. */
export interface EntryDraft {
  readonly id: string;
  readonly source: 'release' | 'debian';
  readonly package: PackageName;
  readonly origin: string;
  readonly archiveSha256: string;
  /** As the source calls itself in what people read. */
  readonly from: string;
  /** Relative to the root. */
  readonly pathOf: (name: ProgramName) => string;
  /** Unpacks into an empty directory. Returns the programs that it modified, with the working directory they need. */
  readonly unpack: (root: string) => Promise<ReadonlyMap<ProgramName, { readonly workingDirectory: string }>>;
}

/**
 * Makes an entry of the cache: unpacks under a half-made name, asks every program what it is, writes the record, has all
 * on disk, and only then gives it its name. Whatever goes wrong before that leaves nothing behind. Returns the program
 * that was asked for. Throws SourceFailure where the archive holds something else, and `program-changed`.
 */
export async function installEntry(
  context: StoreContext,
  draft: EntryDraft,
  request: ProgramRequest,
): Promise<InstalledProgram> {
  return withFsErrors(context.cacheRoot, 'write', async () => {
    await refuseChangedArchive(context, draft.id, draft.archiveSha256);
    return withHalfMade(context, { part: 'entries', name: draft.id }, (directory) =>
      fillEntry(context, { draft, request, directory }),
    );
  });
}

interface Filling {
  readonly draft: EntryDraft;
  readonly request: ProgramRequest;
  /** The half-made entry. */
  readonly directory: string;
}

async function fillEntry(context: StoreContext, filling: Filling): Promise<InstalledProgram> {
  const { draft, request, directory } = filling;
  const root = join(directory, 'root');
  await mkdir(root, { mode: 0o700 });
  const modified = await draft.unpack(root);
  const programs: EntryProgram[] = [];
  for (const name of packageTable[draft.package].programs) {
    programs.push(await describeProgram(filling, name, modified.get(name)?.workingDirectory));
  }
  const { id, source, origin, archiveSha256 } = draft;
  for (const program of programs.filter(({ name }) => name === request.name)) {
    refuseChangedProgram({ ...program, source, origin }, request.pin);
  }
  const architecture = context.architecture ?? 'amd64';
  const installedAtMs = context.now();
  const about = { format: 1 as const, id, source, package: draft.package, architecture, origin, archiveSha256 };
  const record: EntryRecord = { ...about, installedAtMs, programs };
  await writeNewFile(join(directory, entryRecordFile), `${JSON.stringify(record, null, 2)}\n`, 0o600);
  await syncTree(directory);
  await recordArchive(context, id, archiveSha256);
  await putInPlace(context, directory, entryPath(context, id));
  await syncDirectory(join(context.cacheRoot, 'entries'));
  const installed = await findEntryProgram(context, record, request.name);
  if (installed === undefined) throw new SourceFailure(draft.from, `${origin} was changed while it was installed`);
  return installed;
}

/** Throws SourceFailure where the archive's program is missing, cannot run here, or is of another version. */
async function describeProgram(
  { draft, request, directory }: Filling,
  name: ProgramName,
  modifiedDirectory: string | undefined,
): Promise<EntryProgram> {
  const root = join(directory, 'root');
  const path = draft.pathOf(name);
  const file = join(root, path);
  const stamp = await findFileStamp(file);
  if (stamp === undefined) throw new SourceFailure(draft.from, `${draft.origin} holds no ${path}`);
  const inspection = await inspectProgram(name, file, request.signal);
  if (!inspection.ok) throw new SourceFailure(draft.from, `${name} of ${draft.origin} ${inspection.reason}`);
  const { version, flags } = inspection;
  if (name === request.name && request.version !== undefined && version !== request.version) {
    throw new SourceFailure(draft.from, `${name} of ${draft.origin} is version ${version}, not ${request.version}`);
  }
  const home = name === 'grafana' ? await findGrafanaHome(file) : undefined;
  if (name === 'grafana' && home === undefined)
    throw new SourceFailure(draft.from, `${draft.origin} is not a whole Grafana`);
  const workingDirectory = modifiedDirectory ?? (home === undefined ? null : '.');
  const sha256 = await hashFile(file, request.signal);
  const modified = modifiedDirectory !== undefined;
  return { name, version, path, workingDirectory, sha256, modified, flags: [...flags], stamp };
}
