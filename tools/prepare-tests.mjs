import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Before `npm test`: node_modules and dist as a first `./holdfast` would make them, under the same lock. */
const root = fileURLToPath(new URL('..', import.meta.url));
const { status } = spawnSync('sh', [`${root}tools/prepare-checkout.sh`, root], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
process.exitCode = status ?? 1;
