import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testCache } from './test-cache.mjs';

const run = promisify(execFile);
/** Prometheus 3.14.0, as a Go module; what it is to say of itself, the build must tell it. */
const moduleVersion = 'v0.314.0';
const linked = '-s -w -X github.com/prometheus/common/version.Version=3.14.0';

/**
 * A current Prometheus for what Debian's knows nothing of, built from its Go module once and kept outside of the checkout.
 * Returns its path, or why there is none.
 * @param {{log?: (line: string) => void}} [options]
 * @returns {Promise<{path: string, reason: null} | {path: null, reason: string}>}
 */
export async function buildPrometheus3({ log = () => undefined } = {}) {
  const home = join(testCache(), 'prometheus-3.14.0');
  const path = join(home, 'prometheus');
  if (await exists(path)) return { path, reason: null };
  await mkdir(testCache(), { recursive: true });
  const half = await mkdtemp(`${home}.tmp-for-creation-`);
  try {
    log('building Prometheus 3.14 from its Go module, once; this takes some minutes');
    await writeFile(
      join(half, 'go.mod'),
      `module fixture\n\nrequire github.com/prometheus/prometheus ${moduleVersion}\n`,
    );
    const words = ['build', '-mod=mod', '-trimpath', '-tags', 'remove_all_sd', '-ldflags', linked, '-o', 'prometheus'];
    await run('go', [...words, 'github.com/prometheus/prometheus/cmd/prometheus'], {
      cwd: half,
      env: { ...process.env, CGO_ENABLED: '0' },
      timeout: 1_500_000,
      maxBuffer: 2 ** 24,
    });
    await rename(half, home).catch(async (/** @type {unknown} */ error) => {
      // Another run may have been quicker.
      if (!(await exists(path))) throw error;
    });
    return { path, reason: null };
  } catch (error) {
    const [line = ''] = String(error instanceof Error ? error.message : error).split('\n');
    return { path: null, reason: `Prometheus 3 cannot be built from its Go module: ${line}` };
  } finally {
    await rm(half, { recursive: true, force: true });
  }
}

/** @param {string} path */
async function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}
