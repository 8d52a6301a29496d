import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeStack } from '../harness/describe-stack.ts';
import { compileLibraryConsumer, makeLibraryConsumer, runLibraryConsumer } from '../harness/library-consumer.ts';
import { makeCheckout } from '../harness/make-checkout.ts';
import { runCommand } from '../harness/run-command.ts';
import { takeWholeTrip } from '../harness/whole-trip.ts';

/**
 * `npm pack` in a checkout; what it makes is installed elsewhere, with no registry at hand, since it depends on nothing. The
 * command of that install takes the stack up and down, so its daemon runs from there as well. A program in TypeScript that
 * imports `holdfast/tsdb` from it compiles against its types and runs.
 */
let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-package-test-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function runNpm(cwd: string, ...words: readonly string[]): Promise<void> {
  const environment = { PATH: process.env['PATH'], HOME: home };
  const outcome = await runCommand('npm', words, { cwd, environment });
  expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 });
}

describeStack('the npm package', () => {
  test('installs without a registry and runs outside of the checkout', async () => {
    const checkout = await makeCheckout(join(home, 'checkout'), { installed: true });
    await runNpm(checkout, 'pack', '--pack-destination', home);
    const [archive = ''] = (await readdir(home)).filter((name) => name.endsWith('.tgz'));
    await rm(checkout, { recursive: true });
    const prefix = join(home, 'an empty prefix');
    await runNpm(home, 'install', '--offline', '--global', '--prefix', prefix, join(home, archive));
    const installed = join(prefix, 'lib', 'node_modules');
    expect((await readdir(installed)).filter((name) => !name.startsWith('.'))).toEqual(['holdfast']);
    expect((await readdir(join(installed, 'holdfast'))).sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist',
      'package.json',
    ]);
    const consumer = join(home, 'consumer');
    await makeLibraryConsumer(consumer, join(installed, 'holdfast'));
    expect(await compileLibraryConsumer(consumer)).toMatchObject({ exitCode: 0, stdout: '' });
    expect(JSON.parse((await runLibraryConsumer(consumer)).stdout)).toEqual({
      totals: { series: 1, samples: 120, staleMarkers: 0, outOfOrderSamples: 0 },
      jobs: ['outside'],
    });
    await takeWholeTrip(join(prefix, 'bin', 'holdfast'), process.env['PATH'] ?? '');
  });
});
