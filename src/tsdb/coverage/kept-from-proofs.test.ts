/**
 * A proof reads the bytes and never what a cache says of them: from whatever takes part in one, no way of imports leads to
 * the room of the cache. That the search finds such ways is shown on the one that there is.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const source = fileURLToPath(new URL('../..', import.meta.url));

/** All that a file loads, itself included; what is only named as a type is not loaded. */
function loadedBy(files: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const pending = files.map((file) => resolve(source, file));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    const text = readFileSync(next, 'utf8');
    for (const [statement, path = ''] of text.matchAll(/(?:import|export)\b[^;'"]*?['"](\.[^'"]+)['"]/g)) {
      const file = resolve(dirname(next), path);
      if (!/^(?:import|export) type\b/.test(statement) && existsSync(file)) pending.push(file);
    }
  }
  return new Set([...found].map((file) => relative(source, file)));
}

const isOfCache = (file: string) => file.startsWith('tsdb/coverage/');

test('nothing that a proof, an inventory or a comparison loads is of the cache', () => {
  const folders = ['tsdb/inventory', 'tsdb/compare'].flatMap((folder) =>
    listSources(folder).map((name) => join(folder, name)),
  );
  const loaded = loadedBy([
    ...folders,
    'observations/proof.ts',
    'observations/read-proof-side.ts',
    'observations/tsdb-inventory.ts',
    'cli/commands/proof.ts',
    'steps/prove.ts',
    'steps/take-inventory.ts',
    'steps/repair/prove-repair.ts',
    'rules/judge-tsdb-windows.ts',
  ]);
  expect(loaded.size).toBeGreaterThan(60);
  expect([...loaded].filter(isOfCache)).toEqual([]);
  expect([...loadedBy(['tsdb/perform-task.ts'])].filter(isOfCache)).toContain('tsdb/coverage/coverage-cache.ts');
});

function listSources(folder: string): readonly string[] {
  return readdirSync(join(source, folder)).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
}
