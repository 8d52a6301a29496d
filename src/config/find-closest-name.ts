/** The name that was probably meant: at most two edits away, or three in a long word; undefined where there is none. */
export function findClosestName(word: string, names: readonly string[]): string | undefined {
  const limit = word.length > 8 ? 3 : word.length > 3 ? 2 : 1;
  if (word.length > 64) return undefined;
  const rated = names.map((name) => ({ name, distance: countEdits(word.toLowerCase(), name.toLowerCase()) }));
  const [best] = rated.filter(({ distance }) => distance <= limit).sort((a, b) => a.distance - b.distance);
  return best?.name;
}

/** Levenshtein distance, row by row. */
function countEdits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replace = at(row, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replace, at(row, j) + 1, at(next, j - 1) + 1));
    }
    row = next;
  }
  return at(row, to.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
