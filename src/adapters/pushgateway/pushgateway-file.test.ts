import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findFaultInPushgatewayFile } from './pushgateway-file.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-gob-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function faultOf(bytes: Uint8Array): Promise<string | undefined> {
  const path = join(directory, 'pushgateway.data');
  await writeFile(path, bytes);
  return findFaultInPushgatewayFile(path);
}

/** A type definition (id -65, of 5 bytes) and a value of that type, whose length takes two bytes. */
const definition = Buffer.from([0x05, 0xff, 0x81, 0x01, 0x02, 0x03]);
const value = Buffer.concat([Buffer.from([0xfe, 0x01, 0x2c, 0xff, 0x82]), Buffer.alloc(298)]);
const sound = Buffer.concat([definition, value]);

test('a whole stream is sound, and so is a file that is not there', async () => {
  expect(await faultOf(sound)).toBeUndefined();
  expect(await findFaultInPushgatewayFile(join(directory, 'none'))).toBeUndefined();
});

test('an empty file, a torn one and one without metrics are faults', async () => {
  expect(await faultOf(Buffer.alloc(0))).toBe('it is empty');
  expect(await faultOf(sound.subarray(0, sound.length - 7))).toBe('it is cut off: 7 bytes are missing');
  expect(await faultOf(definition)).toBe('it ends before any metrics');
});

test('every file that is cut anywhere is a fault', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(sound.length - 1), async (length) => {
      expect(await faultOf(sound.subarray(0, length))).toBeTypeOf('string');
    }),
    { numRuns: 60 },
  );
});

test('zeros and text are faults', async () => {
  expect(await faultOf(Buffer.alloc(4096))).toBe('byte 0 begins no gob message');
  expect(await faultOf(Buffer.from('# HELP some_metric'))).toContain('it is cut off');
});
