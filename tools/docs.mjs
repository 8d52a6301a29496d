import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { buildOptions, repository } from './build.mjs';

/** docs/reference is generated from the tables in src/: `npm run docs` writes it, `--check` says whether it is old. */
const tables = await loadTables();
const pages = {
  'exit-codes.md': renderExitCodes(tables),
  'commands.md': renderCommands(tables),
  'config.md': renderConfig(tables),
};
const directory = join(repository, 'docs/reference');
if (process.argv.includes('--check')) await checkPages();
else await writePages();

async function writePages() {
  await mkdir(directory, { recursive: true });
  for (const [name, text] of Object.entries(pages)) await writeFile(join(directory, name), text);
}

async function checkPages() {
  for (const [name, text] of Object.entries(pages)) {
    const current = await readFile(join(directory, name), 'utf8').catch(() => undefined);
    if (current === text) continue;
    console.error(
      `docs/reference/${name} is ${current === undefined ? 'missing' : 'not what the tables in src/ say'}.`,
    );
    process.exitCode = 1;
  }
  if (process.exitCode === 1) console.error('Remedy: npm run docs');
}

/** The tables themselves, bundled as the product bundles them; the verbs behind the command line are left out. */
async function loadTables() {
  const contents = [
    "export { errorCodes, exitStatus } from './src/errors/codes.ts';",
    "export { buildProgram } from './src/cli/program.ts';",
    "export { configFileSchema } from './src/config/schema.ts';",
    "export { defaultConfig } from './src/config/defaults.ts';",
    "export { formatDuration } from './src/model/duration.ts';",
    "export { formatBytes } from './src/model/bytes.ts';",
  ].join('\n');
  const { outputFiles } = await build({
    ...(await buildOptions()),
    splitting: false,
    stdin: { contents, resolveDir: repository, loader: 'ts' },
    external: ['./commands/*'],
  });
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-docs-'));
  try {
    const file = join(folder, 'tables.mjs');
    await writeFile(file, outputFiles[0]?.text ?? '');
    return await import(pathToFileURL(file).href);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @param {Record<string, any>} tables */
function renderExitCodes({ errorCodes, exitStatus }) {
  /** @type {Record<string, string>} */
  const kinds = {
    failure: 'The world would not.',
    usage: 'The command was called wrongly. Nothing was changed.',
    refusal: 'Holdfast would not, and changed nothing.',
    locked: 'Somebody else is at work on it. Nothing was changed.',
    corruption: 'What lies on disk, or what was downloaded, is damaged.',
    mismatch: 'A proof failed: something is missing.',
    cancelled: 'Stopped by SIGINT; SIGTERM gives 143.',
  };
  const unknown = Object.keys(exitStatus).filter((kind) => !(kind in kinds));
  if (unknown.length > 0) throw new Error(`tools/docs.mjs has no words for: ${unknown.join(', ')}`);
  const statuses = Object.entries(exitStatus).map(([kind, status]) => [`${status}`, kind, kinds[kind]]);
  const codes = Object.entries(errorCodes).map(([code, { kind, meaning }]) => [
    `\`${code}\``,
    kind,
    `${exitStatus[kind]}`,
    meaning,
  ]);
  return page('Exit codes', 'src/errors/codes.ts', [
    'A partial success is never exit 0, but of `inventory` and `coverage`, which only look: what they cannot read stands in their findings. With `--json` the last line on stdout holds `error.code` and `error.kind`.',
    table(['exit', 'kind', 'meaning'], [['0', '', 'Done, and as it should be.'], ...statuses]),
    'Anything else that ends a command is a bug: exit 70, with a stack and the version.',
    '## Codes',
    table(['code', 'kind', 'exit', 'meaning'], codes),
  ]);
}

/** @param {Record<string, any>} tables */
function renderCommands({ buildProgram }) {
  const silent = { version: '', writeOut: () => {}, writeErr: () => {}, columns: 100 };
  /** @type {import('commander').Command} */
  const program = buildProgram(silent, () => {});
  /** @type {Map<string, import('commander').Command[]>} */
  const groups = new Map();
  for (const command of program.commands) {
    const group = command.helpGroup().replace(/:$/, '');
    groups.set(group, [...(groups.get(group) ?? []), command]);
  }
  const sections = [...groups].flatMap(([group, commands]) => [`## ${group}`, ...commands.flatMap(renderCommand)]);
  return page('Commands', 'src/cli/verbs.ts', [
    `\`holdfast ${program.usage()}\``,
    'Flags of every verb, before it or after it:',
    optionTable(program.options),
    ...sections,
  ]);
}

/** With those behind it. @param {import('commander').Command} command @returns {readonly string[]} */
function renderCommand(command) {
  return [...renderOne(command), ...command.commands.flatMap(renderCommand)];
}

/** @param {import('commander').Command} command @returns {readonly string[]} */
function renderOne(command) {
  const parent = command.parent?.parent ? [command.parent.name()] : [];
  const words = [...parent, command.name()];
  const argumentRows = command.registeredArguments.map((argument) => [
    `\`${nameOf(argument)}\``,
    `${argument.description}${choicesOf(argument.argChoices)}`,
  ]);
  const usage = ['holdfast', ...words, ...argumentRows.map(([name]) => name?.replaceAll('`', '')), '[flags]'];
  return [
    `### ${words.join(' ')}`,
    `\`${usage.join(' ')}\``,
    command.description(),
    ...(argumentRows.length === 0 ? [] : [table(['argument', 'meaning'], argumentRows)]),
    ...(command.options.length === 0 ? [] : [optionTable(command.options)]),
  ];
}

/** @param {import('commander').Argument} argument */
function nameOf(argument) {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

/** @param {readonly import('commander').Option[]} options */
function optionTable(options) {
  const rows = options
    .filter(({ hidden }) => !hidden)
    .map(({ flags, description, argChoices }) => [`\`${flags}\``, `${description}${choicesOf(argChoices)}`]);
  return table(['flag', 'meaning'], rows);
}

/** @param {readonly string[] | undefined} choices */
function choicesOf(choices) {
  return choices === undefined ? '' : ` (${choices.join(', ')})`;
}

/** @param {Record<string, any>} tables */
function renderConfig({ configFileSchema, defaultConfig, formatDuration, formatBytes }) {
  const format = { formatDuration, formatBytes };
  const rows = leavesOf(configFileSchema, []).map(({ path, description }) => [
    `\`${path.join('.')}\``,
    defaultOf(path, defaultConfig, format),
    description,
  ]);
  const nameless = rows.filter(([, , description]) => description === '').map(([key]) => key);
  if (nameless.length > 0) throw new Error(`src/config/schema.ts does not describe: ${nameless.join(', ')}`);
  return page('Configuration', 'src/config/schema.ts', [
    'A YAML file, given by `--config FILE` or `HOLDFAST_CONFIG`. Every key may be left out; an unknown one is a mistake that is ' +
      'named with file, line and column. What holds is, in this order: flag, environment, config file, stack.json, default.',
    table(['key', 'default', 'meaning'], rows),
  ]);
}

/**
 * The keys of a zod object that have no keys below them.
 * @param {any} schema @param {readonly string[]} path
 * @returns {readonly {path: readonly string[], description: string}[]}
 */
function leavesOf(schema, path) {
  const inner = unwrap(schema);
  if (inner.shape === undefined) return [{ path, description: descriptionOf(schema) }];
  return Object.entries(inner.shape).flatMap(([key, value]) => leavesOf(value, [...path, key]));
}

/** @param {any} schema @returns {any} */
function unwrap(schema) {
  const { innerType, in: input } = schema.def;
  if (innerType !== undefined) return unwrap(innerType);
  return input === undefined ? schema : unwrap(input);
}

/** @param {any} schema @returns {string} */
function descriptionOf(schema) {
  const { innerType, in: input } = schema.def;
  return schema.description ?? (innerType || input ? descriptionOf(innerType ?? input) : '');
}

/**
 * @param {readonly string[]} path @param {any} defaults
 * @param {{formatDuration: (ms: number) => string, formatBytes: (bytes: number) => string}} format
 */
function defaultOf(path, defaults, { formatDuration, formatBytes }) {
  const section = path.slice(0, -1).reduce((value, key) => value?.[key], defaults);
  const key = path.at(-1) ?? '';
  const value = section?.[key];
  if (section?.[`${key}Ms`] !== undefined) return `\`${formatDuration(section[`${key}Ms`])}\``;
  if (section?.[`${key}Bytes`] !== undefined) return `\`${formatBytes(section[`${key}Bytes`]).replace('.0 ', '')}\``;
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return '';
  return `\`${value}\``;
}

/** @param {string} title @param {string} source @param {readonly string[]} parts */
function page(title, source, parts) {
  return (
    [`# ${title}`, `<!-- Generated from ${source} by \`npm run docs\`. -->`, ...parts, ''].join('\n\n').trimEnd() + '\n'
  );
}

/** @param {readonly string[]} head @param {readonly (readonly (string | undefined)[])[]} rows */
function table(head, rows) {
  const line = (/** @type {readonly (string | undefined)[]} */ cells) =>
    `| ${cells.map((cell) => (cell ?? '').replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}
