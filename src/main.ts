import type { HostProcess } from './main/host-process.ts';

declare const __HOLDFAST_VERSION__: string | undefined;

/** Put in by the build; what runs from the sources has none. */
const version = typeof __HOLDFAST_VERSION__ === 'string' ? __HOLDFAST_VERSION__ : '0.0.0';
const argumentList = process.argv.slice(2);
const [first, ...others] = argumentList;

// The version alone is printed before anything is loaded.
if ((first === '--version' || first === '-V') && others.length === 0) process.stdout.write(`${version}\n`);
else await run();

async function run(): Promise<void> {
  const { runHoldfast } = await import('./main/run-holdfast.ts');
  const { env, stdin, stdout, stderr } = process;
  const host: HostProcess = {
    version,
    mainFile: new URL(import.meta.url),
    arguments: argumentList,
    environment: env,
    workingDirectory: process.cwd(),
    stdin: { stream: stdin, isTerminal: stdin.isTTY === true },
    stdout: { stream: stdout, isTerminal: stdout.isTTY === true, columns: stdout.columns },
    stderr: { stream: stderr, isTerminal: stderr.isTTY === true, columns: stderr.columns },
  };
  process.exitCode = await runHoldfast(host);
  // Whatever still holds the process open then, as a connection that is kept, must not hold the user's prompt.
  setTimeout(() => process.exit(), 1000).unref();
}
