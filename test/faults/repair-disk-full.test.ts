/*
 * A repair onto a disk that is full: it fails by the name of the disk wherever the room ends, every original is still in the
 * volume or in the quarantine, and the same command finishes it once there is room, as if there always had been. The disk
 * is a tmpfs in a mount namespace of its own.
 */
import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RepairProof } from '../../src/model/repair-step.ts';
import { contentsOf, makeBrokenTsdbs, type BrokenTsdbs } from '../harness/broken-tsdb.ts';
import { mainFile, openHoldfast, type Holdfast, type HoldfastOutcome } from '../harness/holdfast.ts';
import { runCommand } from '../harness/run-command.ts';

const programs = process.env['HOLDFAST_TEST_PROGRAMS'];
const isPossible = programs !== undefined && process.getuid?.() === 0;

let holdfast: Holdfast;
let broken: BrokenTsdbs;

beforeAll(async () => {
  if (!isPossible) return;
  holdfast = await openHoldfast();
  broken = await makeBrokenTsdbs(join(programs, 'promtool'), holdfast.directory);
});
afterAll(async () => {
  if (isPossible) await holdfast.cleanUp();
});

/**
 * $0 is where the disk goes and $1 what is broken; $2 says how much room is left, as `+KIB` or `inodes`; the rest is the
 * command: first with so much room, then with enough. What lies on the disk after each is copied beside it.
 */
const script = `
from="$1"; room="$2"; shift 2
mount -t tmpfs -o size=64m,mode=700 none "$0" || exit 3
cp -a "$from" "$0/data" || exit 3
used=$(df -k --output=used "$0" | tail -n 1)
inodes=$(df --output=iused "$0" | tail -n 1)
case "$room" in
  inodes) mount -o "remount,nr_inodes=$((inodes + 3))" "$0" || exit 3 ;;
  *) mount -o "remount,size=$((used + room))k" "$0" || exit 3 ;;
esac
"$@" > "$0-short.json"
cp -a "$0" "$0-short"
mount -o remount,size=64m,nr_inodes=0 "$0" || exit 3
"$@" > "$0-enough.json"
code=$?
cp -a "$0" "$0-enough"
exit $code
`;

describe.skipIf(!isPossible)('a repair on a full disk (skipped without Prometheus, and but for root)', () => {
  test.each(['headless', 'outnumbered'] as const)(
    'fails by name wherever the room ends, loses nothing, and finishes once there is room: %s',
    async (which) => {
      const originals = await contentsOf(broken[which]);
      const expected = await repairOnLargeDisk(which);
      const failed: string[] = [];
      for (const room of ['inodes', ...[0, 8, 16, 32, 64, 96, 128, 160, 256].map((kib) => `+${kib}`)]) {
        const disk = join(holdfast.directory, `${which}-${room}`);
        const { exitCode, stderr } = await repairOnDisk(disk, { which, room });
        expect(exitCode, stderr).toBe(0);
        const { error } = await resultOf(`${disk}-short.json`);
        if (error !== undefined) {
          failed.push(room);
          expect([room, error.code]).toEqual([room, 'disk-full']);
          expect(error.message).toMatch(
            /every original is where it was|Nothing was deleted|What was there before is unchanged/,
          );
        }
        for (const at of ['short', 'enough']) {
          const found = await contentsOf(`${disk}-${at}`);
          expect([...originals].filter((content) => !found.has(content))).toEqual([]);
        }
        const { proof } = await resultOf(`${disk}-enough.json`);
        expect({ ...(proof ?? (await proofOn(`${disk}-enough`))), ...placeless }).toEqual(expected);
      }
      expect(failed.slice(0, 4)).toEqual(['inodes', '+0', '+8', '+16']);
      expect(failed.length).toBeGreaterThan(4);
      expect(failed).not.toContain('+256');
    },
  );
});

const placeless = { run: '', directory: '', provedAtMs: 0 };

async function repairOnLargeDisk(which: keyof BrokenTsdbs): Promise<object> {
  const data = join(holdfast.directory, `${which}-large`, 'data');
  await cp(broken[which], data, { recursive: true });
  const { json } = await holdfast.succeed(['repair', data, '--confirm', 'data']);
  const proof = json.proof as unknown as RepairProof;
  expect(proof.lost.samples).toBe(0);
  return { ...proof, ...placeless };
}

async function repairOnDisk(
  disk: string,
  { which, room }: { readonly which: keyof BrokenTsdbs; readonly room: string },
) {
  await mkdir(disk);
  const line = [process.execPath, mainFile(), 'repair', join(disk, 'data'), '--confirm', 'data', '--json'];
  const words = ['--mount', '--propagation', 'private', 'sh', '-c', script, disk, broken[which], room, ...line];
  const { environment, directory: cwd } = holdfast;
  return runCommand('unshare', words, { cwd, environment });
}

async function resultOf(file: string): Promise<HoldfastOutcome['json']> {
  const text = await readFile(file, 'utf8');
  return JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as HoldfastOutcome['json'];
}

/** Where there had been room enough, the second time there was nothing to do. */
async function proofOn(disk: string): Promise<object> {
  const quarantine = join(disk, 'data-quarantine');
  const [run = ''] = (await readdir(quarantine)).filter((name) => name.includes('repair'));
  return JSON.parse(await readFile(join(quarantine, run, 'proof.json'), 'utf8')) as object;
}
