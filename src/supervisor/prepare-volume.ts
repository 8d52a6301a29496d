import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Processes } from '../adapters/processes/processes.ts';
import { readVolumeCondition, writeVolumeIdentity } from '../data-root/volume-identity.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { withFsErrors } from '../files/fs-errors.ts';
import { formatBytes } from '../model/bytes.ts';
import type { VolumeComponent } from '../model/component.ts';
import { dataDirectoryInVolume } from '../model/paths.ts';
import type { InstalledProgram } from '../model/program.ts';
import type { StackFile } from '../model/stack-file.ts';
import type { ListedVolume, VolumeIdentity } from '../model/volume.ts';
import { judgeProgramVersion } from '../rules/program-version.ts';
import { linkedDataRefusal } from '../rules/linked-data.ts';
import { volumeRefusal } from '../rules/volume-condition.ts';
import { findBrokenSegments, type BrokenSegment } from '../tsdb/check/find-broken-segments.ts';
import { findWalFaults, type TornEnd, type WalDamage } from '../tsdb/check/find-wal-faults.ts';
import { awaitFalselyMarked } from '../tsdb/check/find-false-markers.ts';
import { findLinks } from '../tsdb/files/links.ts';
import { dropMarkers } from '../tsdb/write/drop-markers.ts';
import { cutTornEnd, mendSegments } from '../tsdb/write/mend-wal.ts';
import { unreadablePushgatewayFile } from './explain-log.ts';
import type { DataRootPlace } from './instance-store.ts';
import { findFaultInPushgatewayFile } from '../adapters/pushgateway/pushgateway-file.ts';
import { setAside } from './set-aside.ts';
import { judgeVolumeLock } from './volume-lock.ts';

export interface PrepareVolumeInput {
  readonly stack: StackFile;
  readonly component: VolumeComponent;
  readonly program: InstalledProgram;
}

export interface PrepareVolumeContext {
  readonly dataRoot: string;
  readonly place: DataRootPlace;
  readonly processes: Processes;
  readonly now: () => number;
  readonly say: (line: string) => void;
}

export interface PreparedVolume {
  readonly directory: string;
  readonly volumeId: string;
  /** True where the last process that wrote there did not end cleanly. */
  readonly unclean: boolean;
}

/**
 * Makes sure that a volume is ours, held by nobody and readable, sets aside what the start could destroy, mends what it
 * would destroy for sure, refuses where it would destroy what is whole, and notes who will write to it. Throws the refusal otherwise. The lock itself is written with the intent.
 */
export async function prepareVolume(input: PrepareVolumeInput, context: PrepareVolumeContext): Promise<PreparedVolume> {
  const { stack, component } = input;
  const { listed, identity } = await getVolume(stack, component, context.dataRoot);
  const directory = join(context.dataRoot, listed.path);
  refuseOlderProgram(identity, input.program);
  const { unclean: leftLocked } = await judgeVolumeLock(directory, context);
  // Who wrote to an adopted directory last, and how that ended, is not known.
  const isFirstStart = listed.adoptedFrom !== undefined && identity.lastWriter === undefined;
  const unclean = leftLocked || isFirstStart || (component === 'prometheus' && (await hasPrometheusLock(directory)));
  const data = join(directory, dataDirectoryInVolume[component] ?? '');
  const readWal = <T>(read: () => Promise<T>) => withFsErrors(data, 'read', read);
  if (component === 'prometheus') refuseLinkedData(data);
  const broken = component === 'prometheus' ? await readWal(async () => findBrokenSegments(data)) : [];
  // Pushgateway overwrites a file that went bad at rest just as well, and its file is small.
  if (unclean || broken.length > 0 || component === 'pushgateway') await setAsideAndSay(component, unclean, context);
  if (broken.length > 0) await mendAndSay(data, broken, context);
  if (component === 'prometheus') {
    const { damage, tornEnds } = await readWal(async () => findWalFaults(data));
    if (damage !== undefined) throw walDamaged(data, damage, broken);
    if (tornEnds.length > 0) await cutAndSay(data, tornEnds, { unclean, context });
    const marked = await readWal(async () => awaitFalselyMarked(data));
    if (marked !== undefined) await dropMarkersAndSay(data, marked.samples, { unclean, context });
  }
  if (component === 'pushgateway') await refuseUnreadableFile(directory);
  await noteWriter(directory, identity, input.program);
  return { directory, volumeId: listed.id, unclean };
}

/** The listed volume of a component with its identity; throws `volume-refused` where it is not what stack.json lists. */
export async function getVolume(
  stack: StackFile,
  component: VolumeComponent,
  dataRoot: string,
): Promise<{ readonly listed: ListedVolume; readonly identity: VolumeIdentity }> {
  const listed = stack.volumes.find((volume) => volume.component === component);
  if (listed === undefined) throw notListed(component);
  const condition = await readVolumeCondition(dataRoot, listed, stack.stackId);
  if (condition.state === 'ok') return { listed, identity: condition.identity };
  throw volumeRefusal(listed, condition, dataRoot) ?? notListed(component);
}

function refuseOlderProgram({ component, lastWriter }: VolumeIdentity, program: InstalledProgram): void {
  if (lastWriter?.program !== program.name) return;
  const refusal = judgeProgramVersion(component, program.version, lastWriter.version);
  if (refusal !== undefined) throw refusal;
}

function refuseLinkedData(data: string): void {
  const refusal = linkedDataRefusal(data, findLinks(data));
  if (refusal !== undefined) throw refusal;
}

/** Prometheus removes its lock on SIGTERM: one that stands there before a start was left by a sudden end. */
async function hasPrometheusLock(directory: string): Promise<boolean> {
  const info = await stat(join(directory, dataDirectoryInVolume['prometheus'] ?? '', 'lock')).catch(() => undefined);
  return info !== undefined;
}

async function setAsideAndSay(component: VolumeComponent, unclean: boolean, context: PrepareVolumeContext) {
  const made = await setAside(context.dataRoot, component, context.now());
  if (made === undefined) return;
  const why = unclean ? `${component} did not stop cleanly: ` : '';
  context.say(
    `${why}${made.files} files set aside in ${made.path} (${formatBytes(made.copiedBytes)} copied, the rest linked)`,
  );
}

/** Prometheus' own repair would delete every record behind one that was cut off. */
async function mendAndSay(data: string, broken: readonly BrokenSegment[], context: PrepareVolumeContext) {
  await mendSegments(data, broken);
  for (const { path, orphans } of broken) {
    const count = orphans.length === 1 ? 'a record that was' : `${orphans.length} records that were`;
    context.say(`${path} held ${count} cut off, as by a full disk: passed over, so that what follows is kept`);
  }
}

interface Mending {
  readonly unclean: boolean;
  readonly context: PrepareVolumeContext;
}

/** Else Prometheus would cut it off by itself, and leave out what came out of order, or cut the WAL for the WBL's sake. */
async function cutAndSay(data: string, tornEnds: readonly TornEnd[], { unclean, context }: Mending): Promise<void> {
  await setAsideAndSay('prometheus', unclean, context);
  for (const tornEnd of tornEnds) {
    await cutTornEnd(data, tornEnd);
    context.say(`${tornEnd.path} ended within a record: cut off there, so that what came out of order is read too`);
  }
}

/** Else Prometheus would take them for written, and drop them. */
async function dropMarkersAndSay(data: string, samples: number, { unclean, context }: Mending): Promise<void> {
  await setAsideAndSay('prometheus', unclean, context);
  await dropMarkers(data);
  const [count, them, they] = samples === 1 ? ['a sample', 'it', 'it is'] : [`${samples} samples`, 'them', 'they are'];
  context.say(
    `wbl/ said of ${count} that head chunks hold ${them}, and none does: its markers were left out, so that ${they} kept`,
  );
}

/** Where Prometheus would delete records that are whole, somebody decides first (docs/adr/0009). */
function walDamaged(data: string, { path, offset, what, behind }: WalDamage, mended: readonly BrokenSegment[]) {
  const safe = mended.length === 0 ? 'its volume is untouched' : 'what was mended before that is set aside as it was';
  return new HoldfastError('wal-damaged', {
    message: `${join(data, path)} is damaged at byte ${offset} (${what}), and Prometheus deletes all that lies behind it when it starts: ${behind}. It was not started; ${safe}.`,
    remedy:
      'Run `holdfast repair`, which keeps every record that is whole and moves the damaged file into a quarantine; then `holdfast up`, or the `holdfast rebuild` that was refused.',
    details: { path: join(data, path), offset },
  });
}

async function refuseUnreadableFile(directory: string): Promise<void> {
  const path = join(directory, 'pushgateway.data');
  const fault = await findFaultInPushgatewayFile(path);
  if (fault === undefined) return;
  const { code, message, remedy } = unreadablePushgatewayFile(path, fault);
  throw new HoldfastError(code, { message, remedy });
}

/** Before the start, since a newer program may change the volume in its first moment; never to an older version. */
async function noteWriter(directory: string, identity: VolumeIdentity, program: InstalledProgram): Promise<void> {
  const { lastWriter } = identity;
  if (lastWriter?.program === program.name && lastWriter.version === program.version) return;
  await writeVolumeIdentity(directory, {
    ...identity,
    lastWriter: { program: program.name, version: program.version },
  });
}

function notListed(component: VolumeComponent): HoldfastError {
  return new HoldfastError('volume-refused', {
    message: `stack.json lists no volume for ${component}, so it was not started: a new empty one would hide its history.`,
    remedy: 'Run `holdfast up`, which makes the volumes of a new stack.',
  });
}
