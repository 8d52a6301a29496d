const factors = { B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40, PB: 2 ** 50, EB: 2 ** 60 } as const;

/** Parses `15GiB`, `15GB` (both 1024-based, as Prometheus reads them), `512MB`; undefined where it is none. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGTPE]?)i?B$/i.exec(text);
  if (text === '0') return 0;
  if (match === null) return undefined;
  const [, amount, prefix] = match;
  const factor = factors[`${(prefix ?? '').toUpperCase()}B` as keyof typeof factors];
  const bytes = Math.round(Number(amount) * factor);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** For people: `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let index = 0;
  while (value >= 1024 && index < names.length - 1) {
    value /= 1024;
    index += 1;
  }
  return `${index === 0 ? Math.round(value) : value.toFixed(1)} ${names[index] ?? 'B'}`;
}
