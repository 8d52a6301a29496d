import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { CommandInput } from './command.ts';
import { globalFlags, type Flags, type FlagSpec } from './flags.ts';
import { verbs, type VerbSpec } from './verbs.ts';

export interface ProgramOutput {
  readonly version: string;
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
  readonly columns: number | undefined;
}

/** What the command line asks for; undefined where it was only help or the version, which has been printed. */
export interface ParsedLine {
  readonly verb: VerbSpec;
  readonly input: CommandInput;
}

/** Reads the command line. Throws `bad-arguments`, with a suggestion, for anything that is not in the table of verbs. */
export async function parseCommandLine(
  argumentList: readonly string[],
  output: ProgramOutput,
): Promise<ParsedLine | undefined> {
  const parsed: ParsedLine[] = [];
  const program = buildProgram(output, (line) => parsed.push(line));
  try {
    await program.parseAsync(argumentList, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw badArguments(error, argumentList);
  }
  if (parsed[0]?.input.arguments.includes('') === true) throw emptyArgument(wordsOf(argumentList));
  return parsed[0];
}

/** As a variable of a script that is not set: it would be taken for the working directory. */
function emptyArgument(words: readonly string[]): HoldfastError {
  const verb = words.join(' ');
  return new HoldfastError('bad-arguments', {
    message: `\`${verb}\` was given an empty argument. Nothing was looked at.`,
    remedy: `Name what is meant; see \`holdfast ${verb} --help\`.`,
  });
}

/** The program with all its verbs, as help shows it; `onVerb` gets what was asked for. */
export function buildProgram(output: ProgramOutput, onVerb: (line: ParsedLine) => void): Command {
  const program = new Command('holdfast')
    .description('Runs the Prometheus monitoring stack and carries its data through every teardown and rebuild.')
    .version(output.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [VERB]', 'print help for a verb')
    .usage('[--config FILE] [--data DIR] VERB ...')
    .configureHelp({ showGlobalOptions: true, styleTitle: (title) => title })
    .configureOutput({
      writeOut: output.writeOut,
      writeErr: output.writeErr,
      getOutHelpWidth: () => output.columns ?? 100,
      getErrHelpWidth: () => output.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      // What is wrong is told by the one place that tells errors, as text or as JSON.
      outputError: () => undefined,
    })
    .exitOverride();
  for (const flag of globalFlags) program.addOption(optionOf(flag));
  for (const verb of verbs) program.addCommand(commandOf(verb, program, onVerb));
  return program;
}

function commandOf(verb: VerbSpec, program: Command, onVerb: (line: ParsedLine) => void): Command {
  const command = new Command(verb.name)
    .copyInheritedSettings(program)
    .summary(verb.summary)
    .description(verb.details === undefined ? sentence(verb.summary) : `${sentence(verb.summary)} ${verb.details}`)
    .helpOption('-h, --help', 'print help')
    .helpGroup(verb.group);
  for (const { name, help, choices } of verb.arguments ?? []) {
    const argument = new Argument(name, help);
    command.addArgument(choices === undefined ? argument : argument.choices([...choices]));
  }
  for (const flag of verb.flags) command.addOption(optionOf(flag));
  for (const inner of verb.verbs ?? []) command.addCommand(commandOf(inner, program, onVerb));
  return command.action(() => {
    const flags = { ...program.opts<Flags>(), ...command.opts<Flags>() };
    onVerb({ verb, input: { arguments: command.args, flags } });
  });
}

function optionOf({ flags, help, group, choices, mandatory, parse }: FlagSpec): Option {
  const option = new Option(flags, help);
  if (choices !== undefined) option.choices([...choices]);
  if (group !== undefined) option.helpGroup(group);
  if (mandatory === true) option.makeOptionMandatory();
  if (parse !== undefined) {
    option.argParser((text, before: unknown) => {
      try {
        return parse(text, before);
      } catch (error) {
        throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
      }
    });
  }
  return option;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** The verb that is meant, as far as it can be told, with the one behind it: `rescue`, `stitch`. */
function wordsOf(argumentList: readonly string[]): readonly string[] {
  const at = argumentList.findIndex((word) => verbs.some(({ name }) => name === word));
  const verb = verbs.find(({ name }) => name === argumentList[at]);
  if (verb === undefined) return [];
  const inner = verb.verbs?.find(({ name }) => name === argumentList[at + 1]);
  return inner === undefined ? [verb.name] : [verb.name, inner.name];
}

function badArguments(error: CommanderError, argumentList: readonly string[]): HoldfastError {
  const help = ['holdfast', ...wordsOf(argumentList), '--help'].join(' ');
  const said = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  const message = error.code === 'commander.help' ? 'no verb was given' : said;
  return new HoldfastError('bad-arguments', {
    message: `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.)?]$/.test(message) ? '' : '.'}`,
    remedy: `See \`${help}\`.`,
    cause: error,
  });
}
