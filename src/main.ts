import { writeSync } from 'node:fs';
import type { HostProcess } from './main/host-process.ts';
import type { TellQuickStatus } from './main/quick-status.ts';

declare const __HOLDFAST_VERSION__: string | undefined;

/** Put in by the build; what runs from the sources has none. */
const version = typeof __HOLDFAST_VERSION__ === 'string' ? __HOLDFAST_VERSION__ : '0.0.0';
const argumentList = process.argv.slice(2);
const [first, ...others] = argumentList;

// The version alone is printed before anything is loaded, and without process.stdout, whose making takes as long as the rest.
if ((first === '--version' || first === '-V') && others.length === 0) printVersion();
else await run();

function printVersion(): void {
  try {
    writeSync(1, `${version}\n`);
  } catch (error) {
    // Nobody reads it.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

async function run(): Promise<void> {
  const { env, stdin, stdout, stderr } = process;
  const host: HostProcess = {
    version,
    mainFile: new URL(import.meta.url),
    arguments: argumentList,
    environment: env,
    workingDirectory: process.cwd(),
    stdin: { stream: stdin, isTerminal: stdin.isTTY },
    stdout: { stream: stdout, isTerminal: stdout.isTTY, columns: stdout.columns },
    stderr: { stream: stderr, isTerminal: stderr.isTTY, columns: stderr.columns },
  };
  if (argumentList.includes('status') && (await tellQuickStatus(host))) return;
  const { runHoldfast } = await import('./main/run-holdfast.ts');
  process.exitCode = await runHoldfast(host);
  // Whatever still holds the process open then, as a connection that is kept, must not hold the user's prompt.
  setTimeout(() => process.exit(), 1000).unref();
}

/** Built beside this file as one of its own (tools/build.mjs), so that it is found by name. */
async function tellQuickStatus(host: HostProcess): Promise<boolean> {
  const built = new URL('quick-status.js', import.meta.url).href;
  const quick = (await import(built)) as { readonly tellQuickStatus: TellQuickStatus };
  return quick.tellQuickStatus(host);
}
