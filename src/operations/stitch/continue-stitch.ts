import * as z from 'zod/mini';
import { phaseNames, type Plan } from '../../model/plan.ts';
import type { BeginStitchStep, StitchManifest, StitchStep } from '../../model/stitch-step.ts';

export interface StitchToContinue {
  readonly into: string;
  readonly work: string;
  readonly name: string;
}

export interface ContinuedStitch {
  readonly plan: Plan<StitchStep>;
  readonly manifest: StitchManifest;
}

/**
 * The plan of a stitch that was broken off, to be carried out again. Undefined where it is not one of this place: a journal
 * lies on a disk that others write to, so no step may write anywhere but there, or read anything but the sources it names.
 */
export function continueStitch(plan: Plan, { into, work, name }: StitchToContinue): ContinuedStitch | undefined {
  const parsed = z.array(stepSchema).safeParse(plan.steps);
  if (!parsed.success || plan.operation !== 'stitch' || !isName(plan.run)) return undefined;
  const steps = parsed.data;
  const begin = steps.find((step): step is BeginStitchStep => step.kind === 'begin-stitch');
  if (begin === undefined || begin !== steps[0]) return undefined;
  const { manifest } = begin;
  const sources = new Set(manifest.sources.map(({ directory }) => directory));
  const folder = `${work}/${plan.run}`;
  const half = `${into}/${plan.run}.tmp-for-creation`;
  const isOurs = steps.every((step) => {
    const isHere = !('half' in step) || (step.half === half && step.into === into);
    return (
      isHere &&
      readsOf(step).every((directory) => sources.has(directory)) &&
      filesOf(step).every((file) => file.startsWith(`${folder}/`) && isName(file.slice(folder.length + 1)))
    );
  });
  if (!isOurs || manifest.run !== plan.run || manifest.into !== into) return undefined;
  return { plan: { ...plan, stack: name, steps, continues: true }, manifest };
}

/** The same without the look of a real Prometheus, as --unsafe-skip-opening asks. */
export function withoutOpening(plan: Plan<StitchStep>): Plan<StitchStep> {
  const steps = plan.steps.filter(({ kind }) => kind !== 'open-result');
  return { ...plan, steps: steps.map((step) => (step.kind === 'prove-stitch' ? { ...step, opened: null } : step)) };
}

function readsOf(step: StitchStep): readonly string[] {
  switch (step.kind) {
    case 'count-source':
      return [step.source.directory];
    case 'take-block':
    case 'write-head':
      return [step.directory];
    case 'prove-stitch':
      return step.sources.map(({ directory }) => directory);
    case 'begin-stitch':
    case 'drop-losers':
    case 'open-result':
    case 'publish-stitch':
      return [];
  }
}

function filesOf(step: StitchStep): readonly string[] {
  switch (step.kind) {
    case 'begin-stitch':
    case 'count-source':
    case 'write-head':
    case 'open-result':
      return [step.file];
    case 'drop-losers':
      return [step.file, ...step.winners.heads, ...step.losers.heads];
    case 'prove-stitch':
      return [step.file, ...(step.opened === null ? [] : [step.opened]), ...step.sources.map(({ counted }) => counted)];
    case 'publish-stitch':
      return step.heads;
    case 'take-block':
      return [];
  }
}

/** One name, of a file in a folder. */
function isName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text);
}

const text = z.string();
const ulid = text.check(z.regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/));
const count = z.int().check(z.nonnegative());
const base = { phase: z.enum(phaseNames), class: z.enum(['safe', 'disruptive', 'destructive']), title: text };
const place = { half: text, into: text };
const source = z.object({ directory: text, fingerprint: text });
const blocks = { blocks: z.array(ulid), heads: z.array(text) };
const winner = z.nullable(count);

const stepSchema: z.ZodMiniType<StitchStep> = z.discriminatedUnion('kind', [
  z.object({
    ...base,
    ...place,
    kind: z.literal('begin-stitch'),
    file: text,
    manifest: z.object({
      format: z.literal(1),
      run: text,
      plannedAtMs: z.int(),
      into: text,
      sources: z.array(source),
      winner,
    }),
  }),
  z.object({ ...base, kind: z.literal('count-source'), source, file: text }),
  z.object({
    ...base,
    ...place,
    kind: z.literal('take-block'),
    directory: text,
    block: ulid,
    sizeBytes: count,
    linked: z.boolean(),
  }),
  z.object({
    ...base,
    ...place,
    kind: z.literal('write-head'),
    directory: text,
    source: count,
    coveredToMs: z.nullable(z.int()),
    file: text,
  }),
  z.object({
    ...base,
    ...place,
    kind: z.literal('drop-losers'),
    winners: z.object(blocks),
    losers: z.object(blocks),
    file: text,
  }),
  z.object({ ...base, ...place, kind: z.literal('open-result'), run: text, file: text }),
  z.object({
    ...base,
    ...place,
    kind: z.literal('prove-stitch'),
    run: text,
    // Plans of older versions do not say.
    opened: z._default(z.nullable(text), null),
    sources: z.array(z.object({ directory: text, fingerprint: text, counted: text })),
    winner,
    file: text,
  }),
  z.object({ ...base, ...place, ...blocks, kind: z.literal('publish-stitch') }),
]);
