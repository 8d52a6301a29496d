import { join, resolve } from 'node:path';
import { build } from 'esbuild';

/** Makes a script that a child of plain node can run: `body` with everything that `module` exports in scope. */
export async function bundleForChild(directory: string, module: string, body: string): Promise<string> {
  const outfile = join(directory, 'child.mjs');
  const names = Object.keys((await import(resolve(module))) as Record<string, unknown>);
  await build({
    stdin: { contents: `import { ${names.join(', ')} } from '${module}';\n${body}`, resolveDir: process.cwd() },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  return outfile;
}
