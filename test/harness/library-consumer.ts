import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repository } from './make-checkout.ts';
import { runCommand, type CommandOutcome } from './run-command.ts';

/** Writes a block with the library, and reads it back. */
const program = `
import {
  BlockWriter, newUlid, quietFiles, takeInventory, XorEncoder, type SeriesToWrite, type TsdbInventory,
} from 'holdfast/tsdb';

const [directory = ''] = process.argv.slice(2);
const encoder = new XorEncoder();
const hourMs = 3_600_000;
for (let at = 0; at < 120; at += 1) encoder.add(hourMs + at * 15_000, 0x40590000 + at, 0);
const text = new TextEncoder();
const series: SeriesToWrite = {
  labels: ['__name__', 'consumer_value', 'job', 'outside'].map((word) => text.encode(word)),
  chunks: [{ minTime: hourMs, maxTime: hourMs + 119 * 15_000, encoding: 1, data: encoder.finish() }],
};
const writer = new BlockWriter({ directory, ulid: newUlid(hourMs, new Uint8Array(10)) });
writer.addSeries(series);
writer.complete({ minTime: hourMs, maxTime: 2 * hourMs, level: 1, sources: [], hints: [] });
writer.publish();
const inventory: TsdbInventory = takeInventory({
  files: quietFiles(directory),
  settledMs: null,
  onRead: (bytes: number) => void bytes,
});
console.log(JSON.stringify({ totals: inventory.totals, jobs: inventory.jobs.map(({ job }) => job) }));
// @ts-expect-error a library whose types were missing would take this
if (directory === '') takeInventory(42);
`;

/** What the program needs of Node: the consumer has no types of it. */
const globals = `
declare const process: { readonly argv: readonly string[] };
declare const console: { log(line: string): void };
declare class TextEncoder { encode(text: string): Uint8Array<ArrayBuffer>; }
`;

const options = {
  compilerOptions: {
    target: 'es2023',
    lib: ['es2023'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    types: [],
    outDir: 'built',
  },
  include: ['*.ts'],
};

/** A package of its own with an installed holdfast beside it, which knows nothing of the checkout. */
export async function makeLibraryConsumer(home: string, installed: string): Promise<void> {
  await mkdir(join(home, 'node_modules'), { recursive: true });
  await mkdir(join(home, 'data'));
  await symlink(installed, join(home, 'node_modules', 'holdfast'));
  await writeFile(join(home, 'package.json'), '{"type":"module"}\n');
  await writeFile(join(home, 'tsconfig.json'), JSON.stringify(options));
  await writeFile(join(home, 'program.ts'), program);
  await writeFile(join(home, 'globals.d.ts'), globals);
}

/** The checkout's compiler on it, then what came out. */
export async function compileLibraryConsumer(home: string): Promise<CommandOutcome> {
  const compiler = join(repository, 'node_modules', 'typescript', 'bin', 'tsc');
  return runCommand(process.execPath, [compiler, '-p', home], { cwd: home, timeoutMs: 240_000 });
}

export async function runLibraryConsumer(home: string): Promise<CommandOutcome> {
  return runCommand(process.execPath, [join(home, 'built', 'program.js'), join(home, 'data')], { cwd: home });
}
