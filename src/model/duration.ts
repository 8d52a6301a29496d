const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 } as const;
const units = Object.entries(unitMs).reverse() as readonly (readonly [keyof typeof unitMs, number])[];

/** Parses a Prometheus duration, as `15s`, `1h30m`, `2w` (model.ParseDuration); undefined where it is none. */
export function parseDurationMs(text: string): number | undefined {
  if (text === '0') return 0;
  const match = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text);
  if (match === null || text === '') return undefined;
  const [, y, w, d, h, m, s, ms] = match;
  const total = units.reduce((sum, [, factor], index) => {
    const part = [y, w, d, h, m, s, ms][index];
    return part === undefined ? sum : sum + Number(part) * factor;
  }, 0);
  return Number.isSafeInteger(total) ? total : undefined;
}

/** The shortest exact Prometheus duration: `15d`, `1h30m`. Days are the largest unit, as people read them best. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0s';
  let rest = Math.round(durationMs);
  let text = '';
  for (const [unit, factor] of units) {
    if (unit === 'y' || unit === 'w') continue;
    const count = Math.floor(rest / factor);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * factor;
  }
  return text;
}
