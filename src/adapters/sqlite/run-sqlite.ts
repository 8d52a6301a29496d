import { execa } from 'execa';

export interface SqliteRun {
  /** The working directory, which gets what is written. */
  readonly folder: string;
  readonly environment: { readonly path: string };
  readonly signal: AbortSignal;
}

const deadlineMs = 15 * 60_000;
const longestOutput = 2 ** 22;
const longestComplaint = 1000;

/** Runs sqlite3; `failed` says why, in its own words. */
export async function runSqlite(
  words: readonly string[],
  { folder, environment, signal }: SqliteRun,
): Promise<{ readonly output: string; readonly failed: string | undefined }> {
  const result = await execa('sqlite3', [...words], {
    cwd: folder,
    // Its start-up file may hold anything; there is none in an empty home.
    env: { PATH: environment.path, HOME: folder, LC_ALL: 'C.UTF-8' },
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    timeout: deadlineMs,
    maxBuffer: longestOutput,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  const complaint = result.stderr.replaceAll(/\s+/g, ' ').trim().slice(0, longestComplaint);
  // Some versions print the error of a dot command and end with 0.
  const isGood = result.exitCode === 0 && complaint === '';
  return { output: result.stdout, failed: isGood ? undefined : complaint || 'sqlite3 ended without a word.' };
}

/** From this version on it knows `-safe`. */
const oldest = [3, 37] as const;

/** Undefined where sqlite3 is here and new enough, else why not, as a sentence. */
export async function whyNoSqlite(
  environment: SqliteRun['environment'],
  signal: AbortSignal,
): Promise<string | undefined> {
  const { output, failed } = await runSqlite(['-version'], { folder: '/', environment, signal });
  if (failed !== undefined) return 'The program sqlite3 is not here.';
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(output) ?? [];
  const isNew = Number(major) > oldest[0] || (Number(major) === oldest[0] && Number(minor) >= oldest[1]);
  return isNew ? undefined : `The program sqlite3 is older than ${oldest.join('.')}.`;
}

type Row = Readonly<Record<string, unknown>>;

/** The rows of one statement. `-safe`: what stands in a foreign database may not reach out of it. */
export async function askDatabase(
  statement: string,
  { file, ...run }: Omit<SqliteRun, 'folder'> & { readonly file: string },
): Promise<{ readonly rows: readonly Row[] } | { readonly failed: string }> {
  const folder = file.slice(0, file.lastIndexOf('/'));
  const { output, failed } = await runSqlite(['-batch', '-bail', '-safe', '-json', file, statement], {
    ...run,
    folder,
  });
  if (failed !== undefined) return { failed };
  try {
    return { rows: output.trim() === '' ? [] : (JSON.parse(output) as readonly Row[]) };
  } catch {
    return { failed: 'sqlite3 answered with what is no JSON.' };
  }
}
