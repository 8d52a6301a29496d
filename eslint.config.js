import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { importLaw } from './tools/import-law.mjs';

/** Tests and what serves only them: they may look into any room. */
const tests = [
  '**/*.test.ts',
  '**/testdata/**',
  '**/*{-,.}fixture.ts',
  '**/*test-*.ts',
  'src/platforms/suite.ts',
  'test/**',
];

/** What is forbidden everywhere; a block that has a `no-restricted-syntax` of its own must repeat it. */
const syntax = [
  { selector: 'ExportDefaultDeclaration', message: 'Exports have names.' },
  { selector: 'TSEnumDeclaration', message: 'A union of literals, or an object `as const`, in the place of an enum.' },
  {
    selector: "MemberExpression[object.name='AbortSignal'][property.name='any']",
    message: 'anySignal of src/model/any-signal.ts: Node 20 may forget a deadline that AbortSignal.any was given.',
  },
  { selector: 'TSImportType', message: 'Write `import type` at the top, where the import law can see it.' },
  {
    selector:
      "MemberExpression[object.name='Date'][property.name='now'], NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Time comes in as an argument.',
  },
  {
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: 'Randomness comes in as an argument.',
  },
  {
    selector:
      "MemberExpression[object.name='process'][property.name=/^(env|argv|cwd|stdin|stdout|stderr|exit|exitCode)$/]",
    message: 'Only src/main.ts reads the process: environment, arguments and terminal come in as arguments.',
  },
];

export default defineConfig(
  { ignores: ['dist/**', 'release/**', 'coverage/**', '**/golden/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 80 }],
      'max-params': ['error', { max: 4 }],
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', ...syntax.slice(0, 4)],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // An interface says async where one of its makers needs no await.
      '@typescript-eslint/require-await': 'off',
      // Numbers in messages are what messages are for.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  ...importLaw({ syntax, ignores: tests }),
  {
    files: tests,
    rules: {
      'max-lines': 'off',
      'max-lines-per-function': 'off',
      // expect.stringMatching() and its like are of type any.
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
  { files: ['src/main.ts', 'src/main/**'], rules: { 'no-restricted-syntax': ['error', ...syntax.slice(0, 4)] } },
  {
    // Chores of this repository: types come from JSDoc, and what is parsed is our own package.json and the like.
    files: ['tools/**/*.mjs'],
    rules: Object.fromEntries(
      [
        'no-unsafe-assignment',
        'no-unsafe-member-access',
        'no-unsafe-return',
        'no-unsafe-call',
        'no-unsafe-argument',
        'restrict-plus-operands',
      ].map((rule) => [`@typescript-eslint/${rule}`, 'off']),
    ),
  },
  // What vitest and ESLint read is a default export.
  { files: ['vitest.config.ts', 'eslint.config.js'], rules: { 'no-restricted-syntax': 'off' } },
);
