/** One figure of the report, with its target where it has one. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: 'ratio' | 'ms' | 'MB' | 'count';
  readonly target: number | null;
  /** Null where there is no target. */
  readonly ok: boolean | null;
  /** What it was measured from. */
  readonly from?: unknown;
}

/** A figure that must not be larger than its target. */
export function atMost(
  target: number,
  figure: Pick<Figure, 'name' | 'value' | 'unit'> & { readonly from?: unknown },
): Figure {
  const value = round(figure.value);
  return { ...figure, value, target, ok: value <= target };
}

/** A figure that must not be smaller than its target. */
export function atLeast(
  target: number,
  figure: Pick<Figure, 'name' | 'value' | 'unit'> & { readonly from?: unknown },
): Figure {
  const value = round(figure.value);
  return { ...figure, value, target, ok: value >= target };
}

export function withoutTarget(figure: Pick<Figure, 'name' | 'value' | 'unit'> & { readonly from?: unknown }): Figure {
  return { ...figure, value: round(figure.value), target: null, ok: null };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [upper, lower] = [sorted[middle], sorted[middle - 1]];
  if (upper === undefined) throw new Error('There is no median of nothing.');
  return sorted.length % 2 === 1 || lower === undefined ? upper : (upper + lower) / 2;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
