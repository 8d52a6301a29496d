import { join } from 'node:path';
import semver from 'semver';
import { HoldfastError } from '../../errors/holdfast-error.ts';
import { withFsErrors } from '../../files/fs-errors.ts';
import type { InstalledProgram, ProgramName } from '../../model/program.ts';
import { debianSource, openApt, updateLists, type Apt } from './apt.ts';
import { withCacheLock } from './cache-lock.ts';
import { readsDebianTemplates, writeModifiedCopy } from './debian-alertmanager.ts';
import { findFileStamp } from './file-stamp.ts';
import { removeHalfMade, withHalfMade } from './half-made.ts';
import { hashFile } from './hash-file.ts';
import { installEntry, type EntryDraft } from './install-entry.ts';
import { packageTable } from './package-table.ts';
import { programTable } from './program-table.ts';
import { findInstalled, showWaiting } from './release-source.ts';
import { lastComplaint, runTool } from './run-tool.ts';
import { SourceFailure } from './source-failure.ts';
import type { ProgramRequest, StoreContext } from './store-context.ts';
import { watchGrowth } from './watch-growth.ts';

/**
 * A program from the Debian or Ubuntu package of this machine's own sources, fetched and unpacked as an ordinary user;
 * nothing is installed into the system. apt checks it against the signed lists. Throws SourceFailure where it cannot be
 * had in the version that is asked for, and `wrong-checksum`.
 */
export async function acquireFromDebian(context: StoreContext, request: ProgramRequest): Promise<InstalledProgram> {
  const name = packageTable[programTable[request.name].package].debianPackage;
  if (name === undefined) throw new SourceFailure(debianSource, `there is none of ${request.name}`);
  const onWait = (holder: string) => showWaiting(request, holder);
  return withCacheLock(context, { onWait, signal: request.signal }, async () => {
    const apt = await openApt(context, request.signal);
    await removeHalfMade(context);
    const complaint = await updateLists(context, apt, request.signal);
    const version = await chooseVersion(apt, { name, complaint, request });
    const file = await findPackageFile(apt, name, version);
    const id = `debian-${file.name.replace(/\.deb$/, '')}`;
    return (
      (await findInstalled(context, id, request)) ??
      (await fetchPackage(context, { apt, name, version, file, id, request }))
    );
  });
}

interface Choice {
  readonly name: string;
  readonly complaint: string | undefined;
  readonly request: ProgramRequest;
}

/** The package version that apt prefers and that is of the version asked for. */
async function chooseVersion(apt: Apt, { name, complaint, request }: Choice): Promise<string> {
  const { stdout } = await apt.run('cache', ['madison', name]);
  const versions = stdout.split('\n').flatMap((line) => line.split('|')[1]?.trim() ?? []);
  const [first] = versions;
  if (first === undefined) {
    const why = complaint === undefined ? '' : ` (${complaint})`;
    throw new SourceFailure(debianSource, `the sources of this machine have no package ${name}${why}`);
  }
  const { version } = request;
  const fitting = versions.filter((candidate) => fits(candidate, request));
  const pinned = fitting.find((candidate) => request.pin?.origin.includes(`_${candidate}_`));
  const chosen = pinned ?? fitting[0];
  if (chosen !== undefined) return chosen;
  const { minimumVersion } = programTable[request.name];
  const atLeast =
    request.newerThan === undefined ? `none from ${minimumVersion} on` : `none newer than ${request.newerThan}`;
  const wanted = version === undefined ? atLeast : `not ${version}`;
  throw new SourceFailure(debianSource, `package ${name} is there as ${versions.join(', ')}, ${wanted}`);
}

/** Debian versions are [EPOCH:]UPSTREAM[+ds][-REVISION] (deb-version(7)). */
function fits(debianVersion: string, { version, name, newerThan }: ProgramRequest): boolean {
  const upstream = semver.coerce(debianVersion.replace(/^\d+:/, ''))?.version;
  if (upstream === undefined) return false;
  if (newerThan !== undefined && !semver.gt(upstream, newerThan)) return false;
  return version === undefined ? semver.gte(upstream, programTable[name].minimumVersion) : upstream === version;
}

interface PackageFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly host: string;
}

async function findPackageFile(apt: Apt, name: string, version: string): Promise<PackageFile> {
  const result = await apt.run('get', ['download', '--print-uris', `${name}=${version}`]);
  const match = /^'([^']+)' (\S+\.deb) (\d+)/m.exec(result.stdout);
  const [, uri, file, size] = match ?? [];
  if (uri === undefined || file === undefined || !/^[A-Za-z0-9._+~%-]+$/.test(file)) {
    throw new SourceFailure(debianSource, `apt-get download ${name}=${version}: ${lastComplaint(result)}`);
  }
  return { name: file, sizeBytes: Number(size), host: URL.canParse(uri) ? new URL(uri).host : uri };
}

interface PackageFetch {
  readonly apt: Apt;
  readonly name: string;
  readonly version: string;
  readonly file: PackageFile;
  readonly id: string;
  readonly request: ProgramRequest;
}

async function fetchPackage(context: StoreContext, fetch: PackageFetch): Promise<InstalledProgram> {
  const { file, id, request, apt } = fetch;
  if (file.sizeBytes > context.limits.maxArchiveBytes) {
    throw new SourceFailure(debianSource, `${file.name} has ${file.sizeBytes} bytes, more than are taken`);
  }
  return withFsErrors(context.cacheRoot, 'write', () =>
    withHalfMade(context, { part: 'downloads', name: id }, async (directory) => {
      await downloadPackage(fetch, directory);
      const archive = join(directory, file.name);
      const archiveSha256 = await hashFile(archive, request.signal);
      const unpack = (root: string) => unpackPackage({ apt, archive, root, signal: request.signal });
      const about = { id, source: 'debian' as const, origin: file.name, archiveSha256, from: debianSource };
      const draft: EntryDraft = {
        ...about,
        package: programTable[request.name].package,
        pathOf: pathInPackage,
        unpack,
      };
      return installEntry(context, draft, request);
    }),
  );
}

async function downloadPackage({ apt, name, version, file, request }: PackageFetch, directory: string): Promise<void> {
  const from = `${name} (${file.host})`;
  const show = (receivedBytes: number) => {
    request.onProgress({ program: request.name, from, receivedBytes, totalBytes: file.sizeBytes });
  };
  const stopWatching = watchGrowth(directory, show);
  try {
    const words = ['-o', `Dir::Cache::Archives=${directory}`, 'download', `${name}=${version}`];
    const result = await apt.run('get', words, directory);
    if (/hash sum mismatch/i.test(result.stderr)) throw wrongChecksum(file, lastComplaint(result));
    if (result.exitCode !== 0) throw new SourceFailure(debianSource, `${file.name}: ${lastComplaint(result)}`);
  } finally {
    stopWatching();
  }
  const stamp = await findFileStamp(join(directory, file.name));
  if (stamp?.sizeBytes !== file.sizeBytes) throw new SourceFailure(debianSource, `${file.name} did not arrive whole`);
  show(file.sizeBytes);
}

interface Unpacking {
  readonly apt: Apt;
  readonly archive: string;
  readonly root: string;
  readonly signal: AbortSignal;
}

async function unpackPackage({ apt, archive, root, signal }: Unpacking) {
  const result = await runTool(apt.dpkg, ['--extract', archive, root], {
    source: debianSource,
    workingDirectory: root,
    environment: {},
    timeoutMs: 300_000,
    signal,
  });
  if (result.exitCode !== 0) throw new SourceFailure(debianSource, `dpkg --extract: ${lastComplaint(result)}`);
  const modified = new Map<ProgramName, { readonly workingDirectory: string }>();
  const alertmanager = join(root, pathInPackage('alertmanager'));
  if ((await findFileStamp(alertmanager)) !== undefined && (await readsDebianTemplates(alertmanager))) {
    await writeModifiedCopy(alertmanager, alertmanager);
    modified.set('alertmanager', { workingDirectory: '.' });
  }
  return modified;
}

/** Debian's name of an executable comes last in the table. */
function pathInPackage(name: ProgramName): string {
  return `usr/bin/${programTable[name].executables.at(-1) ?? name}`;
}

function wrongChecksum(file: PackageFile, complaint: string): HoldfastError {
  return new HoldfastError('wrong-checksum', {
    message: `${file.name} from ${file.host} is not the one that the signed lists name: ${complaint}. It was removed; nothing was installed or changed.`,
    remedy: 'Run the same command again in a while: a mirror may be in the middle of an update.',
    details: { archive: file.name, host: file.host },
  });
}
