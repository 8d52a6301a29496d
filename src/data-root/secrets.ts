import { hash } from 'bcryptjs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '../errors/holdfast-error.ts';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { paths } from '../model/paths.ts';

export interface Secrets {
  readonly user: string;
  readonly password: string;
  /** bcrypt, as `--web.config.file` wants it. */
  readonly passwordHash: string;
}

/** Reads the stack's one user and password; undefined where they have not been made yet. */
export async function findSecrets(dataRoot: string): Promise<Secrets | undefined> {
  const [user, password, passwordHash] = await Promise.all([
    findText(join(dataRoot, paths.user)),
    findText(join(dataRoot, paths.password)),
    findText(join(dataRoot, paths.passwordHash)),
  ]);
  if (user === undefined || password === undefined || passwordHash === undefined) return undefined;
  return { user, password, passwordHash };
}

/** As findSecrets, but throws `no-stack` where there are none. */
export async function getSecrets(dataRoot: string): Promise<Secrets> {
  const secrets = await findSecrets(dataRoot);
  if (secrets !== undefined) return secrets;
  throw new HoldfastError('no-stack', {
    message: `There is no user and password in ${join(dataRoot, paths.secrets)}.`,
    remedy: 'Run `holdfast up`, which makes them.',
  });
}

/**
 * Makes user and password once. The hash is written before the password and the user last, so that a crash leaves a set
 * that is either whole or made anew before any component has used it.
 */
export async function createSecrets(dataRoot: string, randomText: () => string): Promise<void> {
  if ((await findSecrets(dataRoot)) !== undefined) return;
  const password = randomText();
  await mkdir(join(dataRoot, paths.secrets), { recursive: true, mode: 0o700 });
  await writeFileAtomically(join(dataRoot, paths.passwordHash), await hash(password, 10), { mode: 0o600 });
  await writeFileAtomically(join(dataRoot, paths.password), password, { mode: 0o600 });
  await writeFileAtomically(join(dataRoot, paths.user), 'holdfast', { mode: 0o600 });
}

async function findText(path: string): Promise<string | undefined> {
  try {
    if ((await stat(path)).size > 4096) throw tooLong(path);
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function tooLong(path: string): HoldfastError {
  return new HoldfastError('corrupt-file', {
    message: `${path} is longer than a user, a password or its hash can be.`,
    remedy: `Put back ${path} from a copy of the data root.`,
  });
}
