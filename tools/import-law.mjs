/**
 * Who may import whom: the one table. A target is a room (`rules`), or a file by its path below src/, where * stands
 * for anything in one name. What is not listed is forbidden, so a new room begins with no rights.
 * @typedef {object} Row
 * @property {string} room a folder below src/, itself and all below it that has no row of its own; '' is src/ itself
 * @property {readonly string[]} may values and types
 * @property {readonly string[]} [mayType] types only
 * @property {boolean} [pure] no files, processes, network, clock or randomness
 * @property {boolean} [onlyReaders] may name no interface that writes to the world
 * @property {boolean} [lazy] may load modules on demand with import()
 */

/** Interfaces of adapters stand in files of their own, so that one can name a Reader without seeing how it is made. */
const interfaces = [
  'adapters/processes/processes.ts',
  'adapters/packages/program-store.ts',
  'adapters/checkers/config-checker.ts',
  'adapters/*/*-reader.ts',
  'adapters/*/*-api.ts',
];
const words = ['model', 'errors'];
const componentAdapters = ['prometheus', 'alertmanager', 'pushgateway', 'grafana', 'http'].map(
  (name) => `adapters/${name}`,
);

/** Files of files/ that only look. */
const lookingFiles = [
  'fs-errors',
  'read-json-file',
  'directory-size',
  'list-tree',
  'free-space',
  'paths-guard',
  'file-digest',
  'tree-fingerprint',
  'half-made',
].map((name) => `files/${name}.ts`);

/** @type {readonly Row[]} */
export const table = [
  { room: '', may: ['*'], lazy: true },
  { room: 'main', may: ['*', '*.ts'], lazy: true },
  {
    room: 'cli',
    may: [...words, 'version.ts', 'operations', 'observations', 'engine', 'report', 'config', 'contract', 'data-root'],
    mayType: ['platforms/platform.ts', ...interfaces],
    lazy: true,
  },
  {
    room: 'server',
    may: [...words, 'operations', 'observations', 'engine', 'report', 'config', 'contract'],
    mayType: ['platforms/platform.ts', ...interfaces],
  },
  {
    room: 'supervisor',
    may: [
      ...words,
      'stack',
      'launch',
      'files',
      'adapters/processes',
      ...componentAdapters,
      'contract',
      'data-root',
      'rules',
      'tsdb',
    ],
    mayType: interfaces,
  },
  {
    room: 'operations',
    may: [...words, 'rules', 'stack', 'tsdb'],
    mayType: ['config', 'platforms/platform.ts', ...interfaces],
    pure: true,
    onlyReaders: true,
  },
  {
    room: 'observations',
    may: [...words, 'rules', 'stack', 'tsdb', 'contract', 'data-root', ...lookingFiles],
    mayType: ['config', 'platforms/platform.ts', ...interfaces],
    onlyReaders: true,
  },
  {
    room: 'steps',
    may: [...words, 'stack', 'tsdb', 'files', 'data-root', 'rules'],
    mayType: ['platforms/platform.ts', ...interfaces],
  },
  { room: 'engine', may: [...words, 'files'] },
  { room: 'tsdb', may: [...words, 'files'] },
  { room: 'config', may: [...words, 'files'] },
  { room: 'data-root', may: [...words, 'files', 'contract'] },
  { room: 'stack', may: [...words, 'rules'], mayType: ['config'], pure: true },
  { room: 'rules', may: words, mayType: ['config'], pure: true },
  { room: 'report', may: [...words, 'contract'] },
  { room: 'launch', may: [...words, 'stack', 'rules', 'files'], mayType: interfaces },
  { room: 'contract', may: words, pure: true },
  { room: 'files', may: words },
  { room: 'errors', may: ['model'], pure: true },
  { room: 'model', may: [], pure: true },
  { room: 'adapters/*', may: [...words, 'files', 'adapters/processes', 'adapters/http'] },
  { room: 'adapters/daemon', may: [...words, 'files', 'adapters/processes', 'adapters/http', 'contract'] },
  { room: 'platforms', may: words },
  ...platformRows('standalone'),
  { room: 'platforms/memory', may: [...words, 'rules', 'platforms/platform.ts'], mayType: ['engine', 'steps'] },
];

/**
 * A platform's planners judge facts, its steps act, its root wires both; none knows another platform.
 * @param {string} name
 * @returns {readonly Row[]}
 */
function platformRows(name) {
  const own = `platforms/${name}`;
  const shared = ['platforms/platform.ts', `${own}/*.ts`];
  const pure = ['rules', 'stack', 'tsdb'];
  return [
    {
      room: own,
      may: [...words, ...pure, ...shared, `${own}/observe`, `${own}/planners`, `${own}/steps`],
      mayType: ['steps', 'contract', 'config', ...interfaces],
    },
    {
      room: `${own}/observe`,
      may: [
        ...words,
        ...pure,
        ...shared,
        ...lookingFiles,
        'data-root',
        'contract',
        'launch',
        'observations/identify-directory.ts',
      ],
      mayType: ['config', ...interfaces],
      onlyReaders: true,
    },
    {
      room: `${own}/planners`,
      may: [...words, ...pure, ...shared],
      mayType: ['steps', 'config', 'contract', ...interfaces],
      pure: true,
      onlyReaders: true,
    },
    {
      room: `${own}/steps`,
      may: [...words, ...pure, ...shared, 'files', 'data-root', 'contract', 'steps', 'adapters/*'],
      mayType: ['config'],
    },
  ];
}

/** Folders below a room's own: deeper than any there is, and cheap. */
const deepest = 3;
const syntax = {
  lazyImport: {
    selector: 'ImportExpression',
    message: 'import() is for src/main.ts and src/cli, where it keeps the start fast.',
  },
  computedImport: {
    selector: "ImportExpression[source.type!='Literal']",
    message: 'Name the module, so that the import law can be checked.',
  },
};
const outside =
  'node:(?:fs|child_process|net|tls|http|https|http2|dgram|dns|os|process|cluster|worker_threads|timers|module|vm)(?:$|/)';

/**
 * @typedef {object} Base what holds in every room beside the law
 * @property {readonly {selector: string, message: string}[]} syntax
 * @property {readonly string[]} ignores files that the law does not know: tests
 */

/**
 * One configuration block for each room and depth: two blocks with the same rule would replace each other, so each
 * holds all that `no-restricted-imports` and `no-restricted-syntax` say about its files. A later row takes the place of
 * an earlier one for the files of both.
 * @param {Base} base
 * @returns {import('eslint').Linter.Config[]}
 */
export function importLaw(base) {
  const blocks = table.flatMap((row) => depthsOf(row).map((depth) => blockOf(row, depth, base)));
  return [unlistedRoom(base), ...blocks];
}

/** @param {Row} row @param {number} depth @param {Base} base @returns {import('eslint').Linter.Config} */
function blockOf(row, depth, base) {
  return {
    name: `import law: ${row.room || 'src'} at depth ${depth}`,
    files: [`src/${row.room === '' ? '' : `${row.room}/`}${'*/'.repeat(depth)}*.ts`],
    ignores: [...base.ignores],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: restrictedImports(row, depth) }],
      'no-restricted-syntax': ['error', ...base.syntax, ...restrictedSyntax(row, depth)],
    },
  };
}

/** @param {Base} base @returns {import('eslint').Linter.Config} */
function unlistedRoom({ ignores }) {
  const patterns = [{ regex: '^\\.\\./', message: 'This room has no row in tools/import-law.mjs.' }];
  return {
    name: 'import law: a room without a row',
    files: ['src/*/**/*.ts'],
    ignores: [...ignores],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
  };
}

/** @param {Row} row */
function depthsOf({ room }) {
  return room === '' ? [0] : Array.from({ length: deepest + 1 }, (_, depth) => depth);
}

/** @param {Row} row @param {number} depth */
function restrictedImports(row, depth) {
  const from = row.room === '' ? 'src/' : row.room;
  const { forbidden, typeOnly } = importPatterns(row, depth);
  return [
    { regex: forbidden, message: `${from} may not import this: tools/import-law.mjs.` },
    ...(typeOnly === undefined
      ? []
      : [{ regex: typeOnly, allowTypeImports: true, message: `${from} may import only types from here.` }]),
    ...(row.pure === true
      ? [{ regex: `^${outside}`, message: `${from} is pure: no files, processes or network.` }]
      : []),
    ...(row.room === 'model' || row.room === 'errors'
      ? [{ regex: '^[^.]', message: `${from} imports nothing from outside.` }]
      : []),
  ];
}

/** @param {Row} row @param {number} depth */
function restrictedSyntax(row, depth) {
  const { forbidden, typeOnly } = importPatterns(row, depth);
  const lazy = [forbidden, typeOnly]
    .filter((pattern) => pattern !== undefined)
    .map((pattern) => ({
      selector: `ImportExpression > Literal[value=/${pattern.replaceAll('/', '\\u002F')}/]`,
      message: `${row.room} may not load this: tools/import-law.mjs.`,
    }));
  return [
    ...(row.lazy === true ? [syntax.computedImport, ...lazy] : [syntax.lazyImport]),
    ...(row.onlyReaders === true ? [onlyReaders] : []),
    ...(row.pure === true ? pure : []),
  ];
}

const onlyReaders = {
  selector: 'ImportSpecifier[imported.name=/^(Processes|ProgramStore|[A-Za-z]+(Client|Writer))$/]',
  message: 'What looks or plans holds Reader interfaces only.',
};
const pure = [
  { selector: 'CallExpression[callee.name=/^(fetch|setTimeout|setInterval)$/]', message: 'This room is pure.' },
  {
    selector: 'CallExpression[callee.name=/^random(UUID|Bytes|Int)$/]',
    message: 'Randomness comes in as an argument.',
  },
];

/**
 * The relative imports that a file may not have, as regular expressions over the text between the quotes.
 * @param {Row} row @param {number} depth folders between the room and the file
 */
export function importPatterns(row, depth) {
  const room = row.room === '' ? [] : row.room.split('/');
  const height = room.length + depth;
  const typeOnly = (row.mayType ?? []).map(toSegments);
  // The own room by its full name; not where a row stands for many, since each of those would own the others.
  const free = [...row.may, ...(row.room.includes('*') ? [] : [row.room])].map(toSegments);
  const allowed = [...free, ...typeOnly];
  const forbidden = ['^\\./\\.\\.', '^(?:\\.{1,2}/)*[^.].*/\\.{1,2}/', `^(?:\\.\\./){${height + 1}}`];
  const types = [];
  for (let up = depth + 1; up <= height; up += 1) {
    const base = room.slice(0, height - up);
    const climb = `^(?:\\.\\./){${up}}(?!\\.\\./)`;
    forbidden.push(`${climb}(?!${alternatives(allowed, base)})`);
    if (typeOnly.some((target) => isBelow(target, base)))
      types.push(`${climb}(?!${alternatives(free, base)})${alternatives(typeOnly, base)}`);
  }
  return { forbidden: forbidden.join('|'), typeOnly: types.length === 0 ? undefined : types.join('|') };
}

/** @param {string} target */
function toSegments(target) {
  return target.split('/');
}

/** @param {readonly string[]} target @param {readonly string[]} base */
function isBelow(target, base) {
  return target.length > base.length && base.every((name, index) => target[index] === name || target[index] === '*');
}

/** What may follow the climb to `base`. @param {readonly (readonly string[])[]} targets @param {readonly string[]} base */
function alternatives(targets, base) {
  const rests = targets
    .filter((target) => isBelow(target, base))
    .map((target) => target.slice(base.length).map(toPattern).join('/'));
  return `(?:${rests.map((rest) => (rest.endsWith('\\.ts') ? `${rest}$` : `${rest}/`)).join('|') || '$^'})`;
}

/** @param {string} name */
function toPattern(name) {
  return name.replaceAll('.', '\\.').replaceAll('*', '[^/]*');
}
