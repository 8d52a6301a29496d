import semver from 'semver';
import { grafanaBuilds, type Architecture } from './package-table.ts';
import type { PackageName } from './program-table.ts';
import { SourceFailure } from './source-failure.ts';
import type { ReleaseSites } from './store-context.ts';

export interface Release {
  readonly package: PackageName;
  readonly version: string;
  readonly architecture: Architecture;
  /** An archive's name that stack.json remembers; it may hold Grafana's build number. */
  readonly knownOrigin: string | undefined;
}

export interface ReleaseFiles {
  readonly archive: string;
  readonly archiveUrl: URL;
  /** Where its checksum is published; the first that is there counts. */
  readonly checksumUrls: readonly URL[];
}

/** Where the official sites keep a release. Throws SourceFailure where no rule gives its name. */
export function officialFiles(release: Release, sites: ReleaseSites): ReleaseFiles {
  return release.package === 'grafana' ? grafanaFiles(release, sites.grafana) : githubFiles(release, sites.github);
}

/** Where a base that stands in for them keeps it (docs/format/program-source.md). */
export function mirroredFiles(release: Release, base: string): ReleaseFiles {
  const directory = `${base.replace(/\/+$/, '')}/${release.package}/v${release.version}/`;
  const archive = plainName(release);
  return {
    archive,
    archiveUrl: new URL(directory + archive),
    checksumUrls: [new URL(`${directory}sha256sums.txt`), new URL(`${directory}${archive}.sha256`)],
  };
}

function githubFiles(release: Release, site: string): ReleaseFiles {
  const { package: name, version } = release;
  const directory = `${site}/prometheus/${name}/releases/download/v${version}/`;
  const archive = plainName(release);
  return {
    archive,
    archiveUrl: new URL(directory + archive),
    checksumUrls: [new URL(`${directory}sha256sums.txt`)],
  };
}

function grafanaFiles(release: Release, site: string): ReleaseFiles {
  const { version, architecture } = release;
  if (semver.lt(version, '12.2.0')) return withSum(`${site}/oss/release/`, plainName(release));
  const build = grafanaBuilds[version] ?? buildOf(release);
  if (build === undefined) {
    throw new SourceFailure(
      new URL(site).host,
      `the build number in the name of Grafana ${version}'s archive is not known`,
    );
  }
  return withSum(`${site}/grafana/release/${version}/`, `grafana_${version}_${build}_linux_${architecture}.tar.gz`);
}

function withSum(directory: string, archive: string): ReleaseFiles {
  const archiveUrl = new URL(directory + archive);
  return { archive, archiveUrl, checksumUrls: [new URL(`${archiveUrl.href}.sha256`)] };
}

/** A pinned version's build number stands in the archive's name that was pinned with it, whatever its architecture. */
function buildOf({ knownOrigin, version }: Release): string | undefined {
  const match = /^grafana_([^_]+)_(\d+)_linux_(?:amd64|arm64)\.tar\.gz$/.exec(knownOrigin ?? '');
  return match?.[1] === version ? match[2] : undefined;
}

function plainName({ package: name, version, architecture }: Release): string {
  return `${name}-${version}.linux-${architecture}.tar.gz`;
}
