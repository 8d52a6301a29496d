import { mkdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { InstalledProgram, ProgramName } from '../../model/program.ts';
import { findUnpackRoot, hasSystemTemplates, writeModifiedCopy } from './debian-alertmanager.ts';
import { findFileStamp } from './file-stamp.ts';
import { findGrafanaHome } from './grafana-home.ts';
import { hashFile } from './hash-file.ts';
import { lookAtProgram, type KnownProgram, type LookOptions } from './known-program.ts';
import type { StoreContext } from './store-context.ts';

export interface ProgramPlace {
  readonly name: ProgramName;
  /** Absolute. */
  readonly path: string;
  readonly source: 'config' | 'path';
}

/**
 * A program where the user has it, ready to be started, or why not (to be read after its path). With `keep` it makes the
 * modified copy that Debian's Alertmanager needs where its templates are not in /usr/share.
 */
export async function useProgramAt(
  context: StoreContext,
  place: ProgramPlace,
  options: LookOptions,
): Promise<InstalledProgram | { readonly reason: string }> {
  const { name, path, source } = place;
  const known = await lookAtProgram(context, name, path, options);
  if ('reason' in known) return known;
  const { version, flags, sha256 } = known;
  const program = { name, version, source, sha256, origin: path, modified: false, path, workingDirectory: null, flags };
  if (name === 'grafana') return withGrafanaHome(program);
  if (!known.readsDebianTemplates || (await hasSystemTemplates())) return program;
  return useModified(context, program, { known, keep: options.keep });
}

async function withGrafanaHome(program: InstalledProgram): Promise<InstalledProgram | { readonly reason: string }> {
  const home = await findGrafanaHome(program.path);
  if (home === undefined)
    return { reason: 'has no conf/defaults.ini beside its bin directory: it is not a whole Grafana' };
  return { ...program, workingDirectory: home };
}

async function useModified(
  context: StoreContext,
  program: InstalledProgram,
  { known, keep }: { readonly known: KnownProgram; readonly keep: boolean },
): Promise<InstalledProgram | { readonly reason: string }> {
  const root = await findUnpackRoot(await realpath(program.path));
  if (root === undefined)
    return { reason: 'needs /usr/share/prometheus/alertmanager/default.tmpl, which is not there' };
  const copy = join(context.cacheRoot, 'patched', known.sha256, 'prometheus-alertmanager');
  if ((await findFileStamp(copy))?.sizeBytes !== known.stamp.sizeBytes) {
    if (!keep) return { reason: 'has no modified copy in the cache' };
    await mkdir(dirname(copy), { recursive: true, mode: 0o700 });
    await writeModifiedCopy(program.path, copy);
  }
  // Only this one is hashed at each look: 24 MB, 20 ms.
  const sha256 = await hashFile(copy);
  return { ...program, sha256, modified: true, path: copy, workingDirectory: root };
}
