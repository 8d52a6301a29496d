import type { Document, LineCounter } from 'yaml';
import { isMap, isScalar, isSeq } from 'yaml';
import * as z from 'zod';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { findClosestName } from './find-closest-name.ts';
import { configFileSchema } from './schema.ts';

/** One mistake in the config file, where it stands. Line and column count from 1. */
export interface Mistake {
  readonly line: number;
  readonly column: number;
  /** Dotted, as `prometheus.port`; empty where the file as a whole is meant. */
  readonly key: string;
  readonly message: string;
}

export type KeyPath = readonly (string | number)[];

/** Where a value stands in the file: at the value, or at its key where the value is empty or absent. */
export function findPosition(document: Document, lines: LineCounter, path: KeyPath) {
  const { line, col } = lines.linePos(findOffset(document, path));
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

export function showKey(path: KeyPath): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}

/** What zod found wrong, with a position for each, in the order of the file. */
export function listMistakes(error: z.ZodError, document: Document, lines: LineCounter): readonly Mistake[] {
  const mistakes = error.issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    if (issue.code !== 'unrecognized_keys') {
      return [{ ...findPosition(document, lines, path), key: showKey(path), message: issue.message }];
    }
    return issue.keys.map((key) => ({
      ...findKeyPosition(document, lines, [...path, key]),
      key: showKey([...path, key]),
      message: `unknown key${suggest(path, key)}`,
    }));
  });
  return sortMistakes(mistakes);
}

export function sortMistakes(mistakes: readonly Mistake[]): readonly Mistake[] {
  return [...mistakes].sort((a, b) => a.line - b.line || a.column - b.column);
}

/** All mistakes as one error, one line each: `file:line:col key: message`. */
export function badConfig(file: string, mistakes: readonly Mistake[]): HoldfastError {
  const lines = mistakes.map(({ line, column, key, message }) => {
    return `${file}:${line}:${column} ${key === '' ? '' : `${key}: `}${message}`;
  });
  return new HoldfastError('bad-config', {
    message: lines.join('\n'),
    remedy: `Correct ${mistakes.length === 1 ? 'that line' : 'those lines'} in ${file}, then run the command again.`,
    details: { file, mistakes },
  });
}

function findOffset(document: Document, path: KeyPath): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const part of path) {
    const found = findChild(node, part);
    if (found === undefined) return offset;
    offset = found.offset;
    node = found.node;
  }
  return offset;
}

function findChild(node: unknown, part: string | number): { node: unknown; offset: number } | undefined {
  if (isSeq(node)) {
    const item = typeof part === 'number' ? node.items[part] : undefined;
    return item === undefined ? undefined : { node: item, offset: offsetOf(item) ?? offsetOf(node) ?? 0 };
  }
  const pair = findPair(node, part);
  if (pair === undefined) return undefined;
  const isEmpty = pair.value === null || (isScalar(pair.value) && pair.value.value === null);
  const offset = isEmpty ? offsetOf(pair.key) : offsetOf(pair.value);
  return { node: pair.value, offset: offset ?? 0 };
}

function findKeyPosition(document: Document, lines: LineCounter, path: KeyPath) {
  const parent = findParent(document, path.slice(0, -1));
  const key = findPair(parent, path.at(-1) ?? '')?.key;
  const { line, col } = lines.linePos(offsetOf(key) ?? 0);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function findParent(document: Document, path: KeyPath): unknown {
  return path.reduce<unknown>((node, part) => findChild(node, part)?.node, document.contents);
}

function findPair(node: unknown, part: string | number) {
  if (!isMap(node)) return undefined;
  return node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
}

function offsetOf(node: unknown): number | undefined {
  return (node as { range?: readonly number[] | null } | null)?.range?.[0];
}

function suggest(path: KeyPath, key: string): string {
  const closest = findClosestName(key, knownKeys(path));
  if (closest !== undefined) return `, did you mean ${closest}?`;
  // A key that exists elsewhere was probably indented wrongly.
  const elsewhere = path.length === 0 ? sections().find((name) => knownKeys([name]).includes(key)) : undefined;
  return elsewhere === undefined ? '' : `, did you mean ${elsewhere}.${key}?`;
}

function knownKeys(path: KeyPath): readonly string[] {
  const [name] = path;
  if (name === undefined) return Object.keys(configFileSchema.shape);
  const section = Object.entries(configFileSchema.shape).find(([key]) => key === name)?.[1];
  const inner = section instanceof z.ZodOptional ? section.unwrap() : undefined;
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function sections(): readonly string[] {
  return Object.keys(configFileSchema.shape).filter((name) => knownKeys([name]).length > 0);
}
