import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { withFsErrors } from '../../files/fs-errors.ts';
import type { InstalledProgram } from '../../model/program.ts';
import { findEntry, findEntryProgram } from './cache-entry.ts';
import { refuseChangedProgram } from './cache-source.ts';
import { withCacheLock } from './cache-lock.ts';
import { findChecksum } from './checksum-file.ts';
import { download, downloadText } from './download.ts';
import { removeHalfMade, withHalfMade } from './half-made.ts';
import { installEntry } from './install-entry.ts';
import { refuseChangedArchive } from './ledger.ts';
import type { OpenUrlOptions } from './open-url.ts';
import { packageTable, type Architecture } from './package-table.ts';
import { programTable, type PackageName } from './program-table.ts';
import { mirroredFiles, officialFiles, type ReleaseFiles } from './release-layout.ts';
import { SourceFailure } from './source-failure.ts';
import type { ProgramRequest, StoreContext } from './store-context.ts';
import { HostileArchive, unpackArchive } from './unpack-archive.ts';
import { withReachableHost } from './reachable-host.ts';

/**
 * A program from its official release archive, or from the base that stands in for the release sites: checked against the
 * checksum that is published beside it, unpacked, asked what it is, and put into the cache as a whole. Throws
 * SourceFailure for a source that cannot give it, `wrong-checksum` and `program-changed`.
 */
export async function acquireRelease(context: StoreContext, request: ProgramRequest): Promise<InstalledProgram> {
  const architecture = context.architecture;
  if (architecture === undefined) throw new SourceFailure('release archive', 'there is none for this architecture');
  const name = programTable[request.name].package;
  const version = request.version ?? (await findReleaseVersion(context, name, request));
  const wanted: Wanted = { package: name, version, architecture, id: `release-${name}-${version}-${architecture}` };
  const onWait = (holder: string) => showWaiting(request, holder);
  return withCacheLock(context, { onWait, signal: request.signal }, async () => {
    await removeHalfMade(context);
    return (await findInstalled(context, wanted.id, request)) ?? (await fetchRelease(context, wanted, request));
  });
}

interface Wanted {
  readonly package: PackageName;
  readonly version: string;
  readonly architecture: Architecture;
  readonly id: string;
}

const versionsSchema = z.object({
  format: z.literal(1),
  versions: z.record(z.string(), z.string().regex(/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/)),
});

/** What a new stack or an upgrade gets: what the base's versions.json says, else what our own table says. */
export async function findReleaseVersion(
  context: StoreContext,
  name: PackageName,
  request: ProgramRequest,
): Promise<string> {
  const { defaultVersion } = packageTable[name];
  if (request.programSource === null) return defaultVersion;
  const url = new URL(`${request.programSource.replace(/\/+$/, '')}/versions.json`);
  const text = await findText(context, url, request);
  if (text === undefined) return defaultVersion;
  const parsed = versionsSchema.safeParse(parseJson(text));
  if (!parsed.success)
    throw new SourceFailure(url.host, `${url.pathname} is not as docs/format/program-source.md says`);
  return parsed.data.versions[name] ?? defaultVersion;
}

/** Somebody else may have put it there while we waited, or an upgrade may ask for what is there already. */
export async function findInstalled(
  context: StoreContext,
  id: string,
  request: ProgramRequest,
): Promise<InstalledProgram | undefined> {
  const entry = await findEntry(context, id);
  const installed = entry === undefined ? undefined : await findEntryProgram(context, entry, request.name);
  if (installed !== undefined) refuseChangedProgram(installed, request.pin);
  return installed;
}

export function showWaiting({ name, onProgress }: ProgramRequest, holder: string): void {
  onProgress({ program: name, from: `${holder}, which fills the same cache`, receivedBytes: 0, totalBytes: 0 });
}

async function fetchRelease(context: StoreContext, wanted: Wanted, request: ProgramRequest): Promise<InstalledProgram> {
  const release = { ...wanted, knownOrigin: request.pin?.origin };
  const { programSource } = request;
  const files = programSource === null ? officialFiles(release, context.sites) : mirroredFiles(release, programSource);
  const published = await findPublishedSum(context, files, request);
  await refuseChangedArchive(context, wanted.id, published);
  return withFsErrors(context.cacheRoot, 'write', () =>
    withHalfMade(context, { part: 'downloads', name: wanted.id }, async (directory) => {
      const archive = join(directory, files.archive);
      await downloadArchive(context, { files, request, into: archive, published });
      return installArchive(context, { wanted, files, archive, published, request });
    }),
  );
}

async function findPublishedSum(context: StoreContext, files: ReleaseFiles, request: ProgramRequest): Promise<string> {
  for (const url of files.checksumUrls) {
    const text = await findText(context, url, request);
    const sum = text === undefined ? undefined : findChecksum(text, files.archive);
    if (sum !== undefined) return sum;
  }
  throw new SourceFailure(
    files.archiveUrl.host,
    `publishes no checksum for ${files.archive}, so it was not downloaded`,
  );
}

interface ArchiveDownload {
  readonly files: ReleaseFiles;
  readonly request: ProgramRequest;
  readonly into: string;
  readonly published: string;
}

/** A connection that breaks is tried twice more; a checksum that is wrong is never tried again by itself. */
async function downloadArchive(context: StoreContext, job: ArchiveDownload): Promise<void> {
  const { files, request, into, published } = job;
  const attempts = 3;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { sha256, host } = await downloadOnce(context, job);
      if (sha256 !== published) throw wrongChecksum({ archive: files.archive, host, sha256, published });
      return;
    } catch (error) {
      await rm(into, { force: true });
      if (!isWorthAnotherTry(error) || attempt === attempts || request.signal.aborted) throw error;
    }
  }
}

function isWorthAnotherTry(error: unknown): boolean {
  return error instanceof SourceFailure && !error.isAbsence && !error.isUnreachable;
}

function downloadOnce(context: StoreContext, { files, request, into }: ArchiveDownload) {
  const options = urlOptions(context, request);
  const onProgress = (receivedBytes: number, totalBytes: number) => {
    request.onProgress({ program: request.name, from: files.archiveUrl.host, receivedBytes, totalBytes });
  };
  return withReachableHost(context, files.archiveUrl, () =>
    download(files.archiveUrl, { ...options, into, onProgress }),
  );
}

interface ArchiveInstall {
  readonly wanted: Wanted;
  readonly files: ReleaseFiles;
  readonly archive: string;
  readonly published: string;
  readonly request: ProgramRequest;
}

function installArchive(context: StoreContext, job: ArchiveInstall): Promise<InstalledProgram> {
  const { wanted, files, archive, published, request } = job;
  const from = files.archiveUrl.host;
  const { maxUnpackedBytes: maxBytes, maxFiles: maxEntries } = context.limits;
  const draft = {
    id: wanted.id,
    source: 'release' as const,
    package: wanted.package,
    origin: files.archive,
    archiveSha256: published,
    from,
    pathOf: (name: ProgramRequest['name']) => programTable[name].pathInArchive,
    unpack: async (into: string) => {
      try {
        await unpackArchive(archive, { into, limits: { maxBytes, maxEntries }, signal: request.signal });
      } catch (error) {
        if (error instanceof HostileArchive) throw new SourceFailure(from, `${files.archive} ${error.message}`, error);
        throw error;
      }
      return new Map();
    },
  };
  return installEntry(context, draft, { ...request, version: wanted.version });
}

/** Undefined where the host answers that there is no such file. */
async function findText(context: StoreContext, url: URL, request: ProgramRequest): Promise<string | undefined> {
  return withReachableHost(context, url, () => downloadText(url, urlOptions(context, request), 2 ** 20)).catch(
    (error: unknown) => {
      if (error instanceof SourceFailure && error.isAbsence) return undefined;
      throw error;
    },
  );
}

function urlOptions(context: StoreContext, request: ProgramRequest): OpenUrlOptions {
  const { limits, certificateAuthority } = context;
  return { limits, certificateAuthority, allowHttp: request.programSource !== null, signal: request.signal };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function wrongChecksum(found: {
  readonly archive: string;
  readonly host: string;
  readonly sha256: string;
  readonly published: string;
}): HoldfastError {
  const { archive, host, sha256, published } = found;
  return new HoldfastError('wrong-checksum', {
    message: `${archive} from ${host} has SHA-256 ${sha256}, and its publisher names ${published}. It was removed; nothing was installed or changed.`,
    remedy:
      'Run the same command again; if it says so again, somebody changes what you download: ask who runs the network.',
    details: { archive, host, sha256, published },
  });
}
