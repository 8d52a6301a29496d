import { join } from 'node:path';
import * as z from 'zod/mini';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { volumeComponents } from '../model/component.ts';
import { paths } from '../model/paths.ts';
import { programNames } from '../model/program.ts';
import type { StackFile } from '../model/stack-file.ts';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { findJsonFile } from '../files/read-json-file.ts';

/** Reads stack.json. Undefined where there is none; throws `corrupt-file` or `newer-format` where it is not ours. */
export async function findStackFile(dataRoot: string): Promise<StackFile | undefined> {
  return findJsonFile(join(dataRoot, paths.stackFile), stackFileSchema);
}

/** As findStackFile, but throws `no-stack` where there is none. */
export async function getStackFile(dataRoot: string): Promise<StackFile> {
  const stack = await findStackFile(dataRoot);
  if (stack !== undefined) return stack;
  throw new HoldfastError('no-stack', {
    message: `There is no stack in ${dataRoot}: it holds no ${paths.stackFile}.`,
    remedy: 'Run `holdfast up`, or name the right data root with --data DIR.',
  });
}

/** Replaces stack.json as a whole: after a crash there is the old one or the new one. */
export async function writeStackFile(dataRoot: string, stack: StackFile): Promise<void> {
  const text = `${JSON.stringify(stack, null, 2)}\n`;
  await writeFileAtomically(join(dataRoot, paths.stackFile), text, { mode: 0o600 });
}

const port = z.int().check(z.minimum(1), z.maximum(65535));
const digest = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const relativePath = z.string().check(z.regex(/^[a-z][a-z0-9/-]*$/));

export const stackConfigSchema = z.object({
  stack: z.string().check(z.minLength(1), z.maxLength(63)),
  platform: z.literal('standalone'),
  listen: z.string().check(z.minLength(1)),
  prometheus: z.object({
    port,
    scrapeIntervalMs: z.int().check(z.positive()),
    retentionMs: z.int().check(z.nonnegative()),
    retentionSizeBytes: z.int().check(z.nonnegative()),
    scrapeFiles: z.array(z.string()),
    ruleFiles: z.array(z.string()),
  }),
  alertmanager: z.object({ port, config: z.nullable(z.string()) }),
  pushgateway: z.object({ port }),
  nodeExporter: z.object({ port }),
  grafana: z.object({ port }),
  console: z.object({ port }),
  programs: z.record(z.string(), z.string()),
  programSource: z.nullable(z.string()),
});

/** docs/format/data-root.md. Unknown keys are kept out: a newer format says so by its number. */
export const stackFileSchema: z.ZodMiniType<StackFile> = z.object({
  format: z.literal(1),
  stackId: z.string().check(z.minLength(1)),
  name: z.string().check(z.minLength(1), z.maxLength(63)),
  createdAtMs: z.number(),
  desired: z.enum(['up', 'down']),
  config: stackConfigSchema,
  volumes: z.array(
    z.object({
      component: z.enum(volumeComponents),
      id: z.string().check(z.minLength(1)),
      path: relativePath,
      state: z.literal('present'),
      createdAtMs: z.number(),
      adoptedFrom: z.optional(z.string()),
    }),
  ),
  programs: z.array(
    z.object({
      name: z.enum(programNames),
      version: z.string(),
      source: z.enum(['config', 'path', 'release', 'debian']),
      sha256: digest,
      origin: z.string(),
      modified: z.boolean(),
    }),
  ),
  unavailable: z.array(z.object({ program: z.string(), reason: z.string() })),
  retention: z.object({
    timeMs: z.int().check(z.nonnegative()),
    sizeBytes: z.int().check(z.nonnegative()),
    raises: z.array(z.object({ fromMs: z.number(), toMs: z.number() })),
  }),
});
