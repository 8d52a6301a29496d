import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface FakeProgram {
  /** The name that it gives itself. */
  readonly name: string;
  readonly version: string;
  readonly flags?: readonly string[];
  /** Seconds that it takes to say its version, for tests that stop somebody meanwhile. */
  readonly delay?: number;
  /** Makes two builds of one version differ. */
  readonly build?: string;
}

/** A small real program that answers --version and --help as the real one does. */
export function fakeProgram({
  name,
  version,
  flags = ['web.config.file'],
  delay = 0,
  build = 'HEAD',
}: FakeProgram): string {
  const said =
    name === 'grafana' ? `grafana version ${version}` : `${name}, version ${version} (branch: ${build}, revision: 0)`;
  const help = flags.map((flag) => `      --${flag}  What it does.`).join('\n');
  return `#!/bin/sh
case "$*" in
  --version) ${delay === 0 ? '' : `sleep ${delay}; `}echo '${said}' ;;
  *--help) cat >&2 <<'END'
usage: ${name} [<flags>]
  -h, --help  Show help.
${help}
END
  ;;
  *) exit 1 ;;
esac
`;
}

/** Writes executable files below a directory: relative path to content. */
export async function writePrograms(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    await chmod(file, 0o755);
  }
}
