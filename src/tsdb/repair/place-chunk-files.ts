import { basename, join } from 'node:path';
import {
  areInPlace,
  chunkFilesByNumber,
  listChunkFiles,
  numberedChunks,
  withoutChunkFiles,
} from '../block/chunk-files.ts';
import { ChunkSegments } from '../block/chunk-segments.ts';
import type { TsdbFiles } from '../files/tsdb-files.ts';
import { surveyBlock, type BlockToSurvey, type SurveyedBlock } from './survey-block.ts';

export interface PlacedBlock {
  /** Undefined where nothing is wrong, or nothing but the strays. */
  readonly damaged: SurveyedBlock | undefined;
  /** Names in chunks/, without which the block is whole: every chunk that a series refers to is where it should be. */
  readonly strays: readonly string[];
  /** What the block is read from: the places that its files have in there are the right ones. */
  readonly files: TsdbFiles;
}

/**
 * Surveys a block with its chunk files in the order in which Prometheus takes them; where one too many is among them, or one
 * is missing, in the places that give back the most.
 */
export function surveyPlacedBlock(block: BlockToSurvey): PlacedBlock {
  const { files, ulid } = block;
  const inOrder = surveyBlock(block);
  if (inOrder === undefined) return { damaged: undefined, strays: [], files };
  const names = listChunkFiles(files.list(join(ulid, 'chunks')));
  for (const strays of guessStrays(files, ulid, names)) {
    const without = withoutChunkFiles(files, ulid, strays);
    if (surveyBlock({ ...block, files: without }) === undefined) return { damaged: undefined, strays, files: without };
  }
  if (areInPlace(names)) return { damaged: inOrder, strays: [], files };
  const numbered = numberedChunks(files, ulid);
  const byNumber = surveyBlock({ ...block, files: numbered });
  if (byNumber === undefined || byNumber.found.samples <= inOrder.found.samples) {
    return { damaged: inOrder, strays: [], files };
  }
  return { damaged: { ...byNumber, isNumbered: true }, strays: [], files: numbered };
}

/** Those that stand in no row with the others, those that do not begin as chunk files, and each alone where they are few. */
function guessStrays(files: TsdbFiles, ulid: string, names: readonly string[]): readonly (readonly string[])[] {
  const numbered = chunkFilesByNumber(names);
  const inRow = new Set<string>();
  for (let number = 1; numbered.has(number); number += 1) inRow.add(numbered.get(number) ?? '');
  const guesses = [names.filter((name) => !inRow.has(name)), listBroken(files, ulid)];
  if (names.length <= mostTriedAlone) guesses.push(...names.map((name) => [name]));
  const isPart = (guess: readonly string[]): boolean => guess.length > 0 && guess.length < names.length;
  return [...new Map(guesses.filter(isPart).map((guess) => [guess.join('/'), guess])).values()];
}

/** Each is a reading of the whole block. */
const mostTriedAlone = 8;

function listBroken(files: TsdbFiles, ulid: string): readonly string[] {
  const broken: string[] = [];
  const segments = new ChunkSegments(files, join(ulid, 'chunks'), { onRead: () => undefined });
  try {
    segments.checkOthers((path) => broken.push(basename(path)));
  } finally {
    segments.close();
  }
  return broken;
}
