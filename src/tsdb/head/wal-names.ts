/** A segment by its name, as wlog.go SegmentName writes it: at least eight digits, and no zeros in front of more. */
export interface SegmentName {
  readonly name: string;
  readonly number: number;
}

export function segmentName(number: number): string {
  return String(number).padStart(8, '0');
}

/** Undefined for what Prometheus does not open as a segment, though it may stumble over it. */
export function parseSegmentName(name: string): number | undefined {
  if (!/^\d+$/.test(name)) return undefined;
  const number = Number(name);
  return segmentName(number) === name ? number : undefined;
}

/** Prometheus takes every whole number for that of a segment (wlog.go listSegments), and then opens another name. */
export function isNumberLike(name: string): boolean {
  return /^[+-]?\d+$/.test(name);
}

/** Those of the names that are segments', by their numbers. */
export function sortSegments(names: readonly string[]): readonly SegmentName[] {
  const segments = names.flatMap((name) => {
    const number = parseSegmentName(name);
    return number === undefined ? [] : [{ name, number }];
  });
  return segments.sort((one, other) => one.number - other.number);
}

/** `checkpoint.00000012` covers all segments up to 12. Undefined for any other name. */
export function parseCheckpointName(name: string): number | undefined {
  const digits = /^checkpoint\.(\d+)$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export function checkpointName(number: number): string {
  return `checkpoint.${segmentName(number)}`;
}

export interface Checkpoint {
  readonly name: string;
  readonly number: number;
}

/** The one that Prometheus reads (checkpoint.go LastCheckpoint). */
export function newestCheckpoint(names: readonly string[]): Checkpoint | undefined {
  const found = names.flatMap((name) => {
    const number = parseCheckpointName(name);
    return number === undefined ? [] : [{ name, number }];
  });
  return found.sort((one, other) => one.number - other.number).at(-1);
}
