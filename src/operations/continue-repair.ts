import * as z from 'zod/mini';
import { phaseNames, type Plan } from '../model/plan.ts';
import type { RepairStep } from '../model/repair-step.ts';
import type { RepairOrder } from './repair.ts';

/**
 * The plan of a repair that was broken off, to be carried out again. Undefined where it is not one of this directory: a
 * journal lies on a disk that others write to, so no step may name a place outside of the directory and its quarantine.
 */
export function continueRepair(plan: Plan, order: Omit<RepairOrder, 'run' | 'nowMs'>): Plan<RepairStep> | undefined {
  const { directory, quarantine, name } = order;
  const parsed = z.array(stepSchema).safeParse(plan.steps);
  if (!parsed.success || plan.operation !== 'repair') return undefined;
  const folder = `${quarantine}/${plan.run}`;
  const isOurs = parsed.data.every((step) => {
    const places = placesOf(step);
    const isHere =
      (!('directory' in step) || step.directory === directory) && (!('folder' in step) || step.folder === folder);
    return (
      isHere &&
      places.ofData.every((path) => isBelow(path, directory)) &&
      places.aside.every((path) => isBelow(path, folder))
    );
  });
  return isOurs ? { ...plan, stack: name, steps: parsed.data, continues: true } : undefined;
}

interface Places {
  readonly ofData: readonly string[];
  readonly aside: readonly string[];
}

function placesOf(step: RepairStep): Places {
  switch (step.kind) {
    case 'write-manifest':
    case 'count-before':
      return { ofData: [], aside: [step.file] };
    case 'rewrite-block':
      return { ofData: [], aside: [step.original] };
    case 'make-checkpoint':
      return { ofData: [step.path], aside: [] };
    case 'rename-segment':
      return { ofData: [step.from, step.to], aside: [] };
    case 'move-aside':
      return { ofData: [step.from], aside: [step.to] };
    case 'rewrite-segment':
      return { ofData: [`${step.directory}/${step.path}`], aside: [step.original] };
    case 'fill-hole':
      return { ofData: [step.path], aside: [] };
    case 'prove-repair':
      return { ofData: [], aside: [step.before, step.file] };
  }
}

function isBelow(path: string, root: string): boolean {
  if (!path.startsWith(`${root}/`)) return false;
  return path
    .slice(root.length + 1)
    .split('/')
    .every((name) => name !== '' && name !== '.' && name !== '..' && !name.includes('\0'));
}

const text = z.string();
const ulid = text.check(z.regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/));
const count = z.int().check(z.nonnegative());
const counts = z.object({ series: count, chunks: count, samples: count });
const base = { phase: z.enum(phaseNames), class: z.enum(['safe', 'disruptive', 'destructive']), title: text };
const beforeRepair = { folder: text, made: z.array(text) };
const segment = { path: text, recordsKept: count, bytesLost: count };

const stepSchema: z.ZodMiniType<RepairStep> = z.discriminatedUnion('kind', [
  z.object({
    ...base,
    kind: z.literal('write-manifest'),
    file: text,
    manifest: z.object({
      format: z.literal(1),
      run: text,
      plannedAtMs: z.int(),
      directory: text,
      entries: z.array(z.object({ path: text, movedTo: text, why: z.array(text), replacedBy: z.nullable(text) })),
      made: z.array(text),
      renames: z.array(z.object({ from: text, to: text })),
    }),
  }),
  z.object({ ...base, kind: z.literal('count-before'), ...beforeRepair, directory: text, file: text }),
  z.object({
    ...base,
    kind: z.literal('rewrite-block'),
    directory: text,
    block: ulid,
    original: text,
    to: ulid,
    shape: z.object({ minTime: z.int(), maxTime: z.int(), level: count, sources: z.array(ulid), hints: z.array(text) }),
    series: z.nullable(count),
    // Plans of older versions do not say.
    isNumbered: z._default(z.boolean(), false),
    keeps: counts,
  }),
  z.object({ ...base, kind: z.literal('move-aside'), from: text, to: text }),
  z.object({ ...base, ...segment, kind: z.literal('rewrite-segment'), directory: text, original: text }),
  z.object({ ...base, kind: z.literal('make-checkpoint'), path: text }),
  z.object({ ...base, kind: z.literal('rename-segment'), from: text, to: text }),
  z.object({ ...base, kind: z.literal('fill-hole'), path: text }),
  z.object({
    ...base,
    kind: z.literal('prove-repair'),
    ...beforeRepair,
    run: text,
    directory: text,
    before: text,
    file: text,
    blocks: z.array(
      z.object({
        ulid,
        to: z.nullable(ulid),
        counted: z.nullable(counts),
        // Plans of older versions do not say.
        times: z._default(z.nullable(z.object({ minTime: z.int(), maxTime: z.int() })), null),
        kept: counts,
        isInHead: z._default(z.boolean(), false),
        isReplaced: z.boolean(),
        undeleted: z.boolean(),
      }),
    ),
    segments: z.array(z.object(segment)),
  }),
]);
