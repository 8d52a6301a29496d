import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join, normalize, sep } from 'node:path';
import { writeFileAtomically } from '../files/atomic-file.ts';
import type { RenderedFile } from '../stack/rendered-component.ts';

/** Writes a component's rendered files and removes what an earlier rendering left beside them. */
export async function writeRendered(directory: string, files: readonly RenderedFile[]): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const wanted = new Set(files.map((file) => toInnerPath(file.path)));
  for (const file of files) {
    const path = join(directory, toInnerPath(file.path));
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFileAtomically(path, file.content, { mode: file.mode });
  }
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isDirectory() && !wanted.has(path.slice(directory.length + 1))) await rm(path);
  }
}

function toInnerPath(path: string): string {
  const inner = normalize(path);
  if (inner.startsWith('..') || inner.startsWith(sep)) throw new Error(`Rendered path ${path} leaves its directory.`);
  return inner;
}
