import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

const lookEveryMs = 20;

/** Runs a program and gives the most memory that it had, in MB, as the kernel counts it until it ends. */
export async function peakMemory(
  program: string,
  words: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const child = spawn(program, words, { stdio: 'ignore', env: environment });
  let most = 0;
  const look = setInterval(() => {
    most = Math.max(most, highestOf(child.pid));
  }, lookEveryMs);
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve));
  clearInterval(look);
  if (code !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${code}.`);
  return most;
}

function highestOf(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return (Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024) / 1e6;
  } catch {
    // It has just ended.
    return 0;
  }
}
