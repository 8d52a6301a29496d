import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '../../../errors/holdfast-error.ts';
import { directorySize } from '../../../files/directory-size.ts';
import { copyTree } from '../../../files/copy-tree.ts';
import { joinInside } from '../../../files/paths-guard.ts';
import type { Handler } from '../../../model/handler.ts';
import { dataDirectoryInVolume } from '../../../model/paths.ts';
import { listTsdb } from '../../../tsdb/list-blocks.ts';
import type { AdoptVolumeStep } from '../standalone-step.ts';
import type { StandaloneWorld } from '../standalone-world.ts';
import { isVolumeListed, makeVolume } from './create-volume.ts';

/** Copies (or reflinks) a directory that holds data into a new volume; the directory itself is only ever read. */
export function adoptVolumeHandler(world: StandaloneWorld): Handler<AdoptVolumeStep> {
  return {
    isDone: (step) => isVolumeListed(world, step),
    apply: (step, context) =>
      makeVolume(world, step, { adoptedFrom: step.from }, async (directory) => {
        const target = join(directory, dataDirectoryInVolume[step.component] ?? '');
        const before = await describe(step);
        await copyTree(step.from, target, {
          signal: context.signal,
          // A lock and an identity say who uses the data, which is not part of it.
          skip: (path) =>
            ['lock', '.holdfast.json', '.holdfast.lock'].includes(path) || /(^|\/)[^/]*\.tmp(-for-[a-z]+)?$/.test(path),
          onProgress: (copiedBytes) =>
            context.progress({ done: copiedBytes, total: step.sizeBytes, unit: 'bytes', text: `copy ${step.from}` }),
        });
        if ((await describe(step)) !== before) throw writtenTo(step);
        // Pushgateway names its file as it is told to, and ours is told this name: under another one it would start empty.
        if (step.dataFile !== null && step.dataFile !== ownPushgatewayFile) {
          await rename(joinInside(target, step.dataFile), join(target, ownPushgatewayFile));
        }
      }),
  };
}

const ownPushgatewayFile = 'pushgateway.data';

/** Anything that a living Prometheus changes: its blocks and the size of its WAL. */
async function describe(step: AdoptVolumeStep): Promise<string> {
  if (step.component !== 'prometheus') return String(await directorySize(step.from));
  const listing = await listTsdb(step.from);
  return JSON.stringify([listing.blocks.map((block) => block.ulid), listing.walBytes, listing.headChunksBytes]);
}

function writtenTo(step: AdoptVolumeStep): HoldfastError {
  return new HoldfastError('not-adoptable', {
    message: `${step.from} was written to while it was copied, so the copy may lack samples and was not taken in. ${step.from} is as it was.`,
    remedy: `Stop the program that uses ${step.from}, then run the same command again.`,
  });
}
