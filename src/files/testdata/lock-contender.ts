import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createProcesses } from '../../adapters/processes/linux-processes.ts';
import { takeLock } from '../lock.ts';

/** Takes the lock again and again, and notes a clash where another living process is inside at the same time. */
export async function contend(directory: string): Promise<void> {
  const processes = createProcesses();
  const self = processes.self();
  const inside = join(directory, 'inside');
  for (;;) {
    const lock = await takeLock(join(directory, 'lock.json'), {
      holder: { ...self, verb: 'contend', run: '' },
      isAlive: (identity) => processes.isAlive(identity),
    }).catch(() => undefined);
    if (lock === undefined) continue;
    const before = Number(await readFile(inside, 'utf8').catch(() => '0'));
    const other = before > 0 && before !== self.pid ? await processes.identify(before) : undefined;
    await writeFile(inside, String(self.pid));
    await new Promise((resolve) => setTimeout(resolve, 5));
    const mine = (await readFile(inside, 'utf8')) === String(self.pid);
    await appendFile(`${inside}.log`, other === undefined && mine ? 'alone\n' : 'clash\n');
    await rm(inside, { force: true });
    await lock.release();
  }
}
