const dayMs = 86_400_000;

/** `2026-11-24T02:10:00Z`: UTC, to the second; with milliseconds where there are any. */
export function formatTime(atMs: number): string {
  if (!Number.isFinite(atMs) || Math.abs(atMs) > 8.64e15) return 'an impossible time';
  return new Date(atMs).toISOString().replace('.000Z', 'Z');
}

/** As formatTime, but always to the second, for tables. */
export function formatSecond(atMs: number): string {
  return formatTime(Math.floor(atMs / 1000) * 1000);
}

/** `just now`, `42 s ago`, `3 min ago`, `in 2 h`: the largest unit that says enough. */
export function formatAge(atMs: number, nowMs: number): string {
  const ageMs = nowMs - atMs;
  if (Math.abs(ageMs) < 1000) return 'just now';
  return ageMs > 0 ? `${formatSpan(ageMs)} ago` : `in ${formatSpan(-ageMs)}`;
}

/** `0.4 s`, `42 s`, `3 min`, `26 h`, `12 d`: rounded down to one unit. */
export function formatSpan(durationMs: number): string {
  if (durationMs < 10_000) return `${(Math.floor(durationMs / 100) / 10).toFixed(1)} s`;
  if (durationMs < 120_000) return `${Math.floor(durationMs / 1000)} s`;
  if (durationMs < 120 * 60_000) return `${Math.floor(durationMs / 60_000)} min`;
  if (durationMs < 2 * dayMs) return `${Math.floor(durationMs / 3_600_000)} h`;
  return `${Math.floor(durationMs / dayMs)} d`;
}

export { formatCount, plural } from '../model/counted.ts';
