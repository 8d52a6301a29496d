import { dirname, join } from 'node:path';
import type { InstalledProgram } from '../model/program.ts';

/**
 * Debian's builds read their pages from /usr/share/prometheus, where nothing is when the package was only unpacked. Its
 * share directory lies beside the bin directory of the program, wherever that is. Official builds carry their pages
 * inside and know no such flag.
 */
export function debianWebAssets(program: InstalledProgram, directory: 'web' | 'pushgateway'): readonly string[] {
  if (!program.flags.includes('web.local-assets')) return [];
  return [`--web.local-assets=${join(dirname(program.path), '../share/prometheus', directory)}`];
}
