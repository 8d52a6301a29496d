import { join } from 'node:path';
import {
  areInPlace,
  chunkFileName,
  chunkFilesByNumber,
  chunkFilesInOrder,
  listChunkFiles,
} from '../block/chunk-files.ts';
import type { CheckContext } from './check-context.ts';
import { CheckReport, restoreRemedy } from './check-report.ts';

/** Says which file of a block's chunks/ is which. */
export type PlaceChunkFiles = typeof chunkFilesInOrder;

/**
 * Checks a block with its chunk files in the order in which Prometheus takes them. Where that goes wrong and goes better by
 * their numbers, the order is what is wrong: that is told, and what is damaged besides, and not each chunk that is not found.
 */
export function checkInOrder<T>(
  context: CheckContext,
  ulid: string,
  check: (report: CheckReport, place: PlaceChunkFiles) => T,
): T {
  const { report } = context;
  const names = tryToList(context, join(ulid, 'chunks'));
  if (areInPlace(names)) return check(report, chunkFilesInOrder);
  const [inOrder, byNumber] = [new CheckReport(), new CheckReport()];
  const checked = check(inOrder, chunkFilesInOrder);
  if (inOrder.errors > 0) check(byNumber, chunkFilesByNumber);
  const isBetter = byNumber.errors < inOrder.errors;
  if (isBetter && (byNumber.errors === 0 || hasStrays(names))) tellOrder(report, ulid, names);
  report.addState((isBetter ? byNumber : inOrder).takeState());
  return checked;
}

/** Else a file is missing, and that says it all. */
function hasStrays(names: readonly string[]): boolean {
  return chunkFilesByNumber(names).size < listChunkFiles(names).length;
}

function tellOrder(report: CheckReport, ulid: string, names: readonly string[]): void {
  const files = listChunkFiles(names);
  const place = files.findIndex((name, index) => name !== chunkFileName(index + 1));
  const file = join(ulid, 'chunks', files[place] ?? '');
  report.remedy = restoreRemedy(`block ${ulid}`);
  const message = `${file} is taken for ${chunkFileName(place + 1)}: Prometheus goes by the order of the names, whatever their numbers, and does not find the chunks of that file and of those behind it, or does not start. What the files hold by their numbers is still there.`;
  report.error('stray-segment', { file }, message);
}

/** None where it cannot be listed: whoever reads what is in it says so. */
function tryToList({ files }: CheckContext, directory: string): readonly string[] {
  try {
    return files.list(directory);
  } catch {
    return [];
  }
}
