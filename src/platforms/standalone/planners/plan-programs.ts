import type { ProgramName } from '../../../model/program.ts';
import type { Order } from '../../platform.ts';
import type { ProgramFact, StandaloneFacts } from '../standalone-facts.ts';
import type { FetchProgramStep } from '../standalone-step.ts';

/** Programs that a rebuild will need are got before anything is stopped: a source that fails then costs no outage. */
export function planProtect(facts: StandaloneFacts, order: Order): readonly FetchProgramStep[] {
  return fetchesFirst(facts, order) ? planPrograms(facts, order).map((step) => ({ ...step, phase: 'protect' })) : [];
}

/** A run that is continued has stopped things already; there is nothing left to protect. */
export function fetchesFirst(facts: StandaloneFacts, order: Order): boolean {
  return order.verb === 'rebuild' && facts.exists && order.run !== facts.debt?.run;
}

/** Grafana comes only from its archive and the checkers only serve other steps: without them the rest still runs. */
const optionalPrograms: readonly ProgramName[] = ['grafana', 'promtool', 'amtool'];

export function planPrograms(facts: StandaloneFacts, order: Order): readonly FetchProgramStep[] {
  return facts.programs
    .filter((program) => facts.options.upgrade || program.installed === null || isConfiguredElsewhere(program))
    .map((program) => ({
      kind: 'fetch-program',
      phase: 'create',
      class: 'safe',
      title: fetchTitle(program, facts.options.upgrade),
      program: program.name,
      required: !optionalPrograms.includes(program.name),
      pin: facts.options.upgrade || isConfiguredElsewhere(program) ? null : program.pin,
      configured: program.configured,
      programSource: facts.wanted.config.programSource,
      upgradeRun: facts.options.upgrade ? order.run : null,
    }));
}

function isConfiguredElsewhere(program: ProgramFact): boolean {
  return program.configured !== null && program.installed !== null && program.installed.path !== program.configured;
}

function fetchTitle(program: ProgramFact, upgrade: boolean): string {
  if (program.configured !== null) return `take ${program.name} from ${program.configured}`;
  if (upgrade) return `look for a newer ${program.name}${program.pin ? ` than ${program.pin.version}` : ''}`;
  return program.pin ? `get ${program.name} ${program.pin.version}` : `get ${program.name}`;
}
