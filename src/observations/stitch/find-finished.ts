import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findStitchManifest, findStitchProof } from '../../data-root/stitch-files.ts';
import type { StitchProof } from '../../model/stitch-step.ts';
import { refuseChanged } from './observe-sources.ts';
import type { ObservedPlace } from './observe-place.ts';

export interface WantedStitch {
  readonly place: ObservedPlace;
  readonly sources: readonly string[];
  readonly winner: number | null;
}

/**
 * The proof of a stitch of these very sources that has come to its end here, so that the same command may be given again.
 * Throws `not-stitchable` where a source has changed since.
 */
export async function findFinishedStitch({ place, sources, winner }: WantedStitch): Promise<StitchProof | undefined> {
  const { into, work, names = [] } = place;
  if (names.length === 0) return undefined;
  const runs = (await readdir(work).catch((): string[] => [])).filter((name) =>
    /^[0-9TZ]+-stitch-[0-9a-f]+$/.test(name),
  );
  for (const run of runs.sort().reverse()) {
    if (names.includes(`${run}.tmp-for-creation`)) continue;
    const manifest = await findStitchManifest(join(work, run, 'manifest.json'));
    const proof = await findStitchProof(join(work, run, 'proof.json'));
    if (manifest === undefined || proof === undefined || proof.lost + proof.added > 0) continue;
    const directories = manifest.sources.map(({ directory }) => directory);
    const isSame =
      manifest.into === into && manifest.winner === winner && directories.join('\0') === sources.join('\0');
    if (!isSame) continue;
    for (const source of manifest.sources) await refuseChanged(source);
    return proof;
  }
  return undefined;
}
