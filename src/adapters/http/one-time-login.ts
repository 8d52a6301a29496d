import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { hash } from 'bcryptjs';
import { writeNewFile } from '../../files/atomic-file.ts';
import type { Credentials } from './request.ts';

/** By which a program that is started for one look lets in nobody but whoever started it. */
export interface OneTimeLogin {
  readonly credentials: Credentials;
  /** What `--web.config.file` names. */
  readonly webConfigFile: string;
}

const user = 'holdfast';
/** The password is random and long: nothing is gained by a hash that takes long. */
const cost = 4;

/** Makes a password for this one start; only its hash is written, into the directory, where nobody else may read it. */
export async function writeOneTimeLogin(directory: string): Promise<OneTimeLogin> {
  const password = randomBytes(24).toString('base64url');
  const webConfigFile = join(directory, 'web-config.yml');
  await writeNewFile(webConfigFile, `basic_auth_users:\n  ${user}: ${await hash(password, cost)}\n`, 0o600);
  return { credentials: { user, password }, webConfigFile };
}
