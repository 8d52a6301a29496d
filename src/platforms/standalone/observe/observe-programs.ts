import type { ProgramReader } from '../../../adapters/packages/program-store.ts';
import { programNames, type ProgramName } from '../../../model/program.ts';
import type { StackFile } from '../../../model/stack-file.ts';
import type { ProgramFact } from '../standalone-facts.ts';
import type { StandaloneRequest } from './observe-standalone.ts';

/** What is pinned and whether it is here. A program known to be unavailable is only asked for again on --upgrade. */
export async function observePrograms(
  programs: ProgramReader,
  stackFile: StackFile | null,
  request: StandaloneRequest,
): Promise<readonly ProgramFact[]> {
  const known = new Set(stackFile?.unavailable.map((entry) => entry.program));
  const wanted = programNames.filter((name) => isWanted(name, known, request));
  return Promise.all(wanted.map((name) => observeProgram(programs, name, stackFile, request)));
}

function isWanted(name: ProgramName, unavailable: ReadonlySet<string>, request: StandaloneRequest): boolean {
  return !unavailable.has(name) || request.options.upgrade || request.config.programs[name] !== undefined;
}

async function observeProgram(
  programs: ProgramReader,
  name: ProgramName,
  stackFile: StackFile | null,
  request: StandaloneRequest,
): Promise<ProgramFact> {
  const pin = stackFile?.programs.find((program) => program.name === name) ?? null;
  const configured = request.config.programs[name] ?? null;
  const installed = pin === null ? undefined : await programs.find(pin, configured ?? undefined);
  return { name, pin, installed: installed ?? null, configured };
}
