import { open, mkdtemp, rm } from 'node:fs/promises';
import { constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { copyQuiet, findCompanions, isQuietSince } from './quiet-copy.ts';
import { askDatabase, runSqlite, whyNoSqlite } from './run-sqlite.ts';
import type { SqliteReader } from './sqlite-reader.ts';

const magic = 'SQLite format 3\0';
const walVersion = 2;
const mostProblems = 20;
const quietMs = 10_000;

export interface SqliteEnvironment {
  /** Where programs are looked for. */
  readonly path: string;
  readonly now: () => number;
}

/** Checks with the program `sqlite3`; where that is not here, no database is checked, and that is said. */
export function createSqliteReader(environment: SqliteEnvironment): SqliteReader {
  return {
    check: async (file, signal) => {
      const { sizeBytes, isDatabase, isWal } = await readHeader(file);
      if (!isDatabase) return { state: 'damaged', sizeBytes, problems: [notOne(sizeBytes)] };
      const why = await whyNoSqlite(environment, signal);
      if (why !== undefined) return { state: 'unchecked', sizeBytes, why, remedy: getProgram };
      const folder = await mkdtemp(join(tmpdir(), 'holdfast-sqlite-'));
      try {
        const copied = await copy({ file, folder, isWal, environment }, signal);
        if (!('leftover' in copied)) return { state: 'unchecked', sizeBytes, ...copied };
        const asked = await ask(join(folder, 'copy.db'), environment, signal);
        if ('problems' in asked) return { state: 'damaged', sizeBytes, problems: asked.problems };
        return { state: 'whole', sizeBytes, ...asked, leftover: copied.leftover };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

const getProgram = 'Install sqlite3 (Debian and Ubuntu: the package sqlite3), then run the same command again.';

interface Header {
  readonly sizeBytes: number;
  readonly isDatabase: boolean;
  /** Its readers look into the write-ahead log first. */
  readonly isWal: boolean;
}

/** fileformat2.html, "The Database Header": the magic string, and at 18 and 19 the versions of writers and readers. */
async function readHeader(file: string): Promise<Header> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const info = await handle.stat();
    const header = Buffer.alloc(100);
    const { bytesRead } = info.isFile() ? await handle.read(header, 0, 100, 0) : { bytesRead: 0 };
    const isDatabase = bytesRead === 100 && header.toString('latin1', 0, 16) === magic;
    return { sizeBytes: info.size, isDatabase, isWal: header[19] === walVersion };
  } finally {
    await handle.close();
  }
}

function notOne(sizeBytes: number): string {
  return sizeBytes === 0 ? 'The file is empty.' : 'The file does not begin as an SQLite database does.';
}

interface CopyOrder {
  readonly file: string;
  readonly folder: string;
  readonly isWal: boolean;
  readonly environment: SqliteEnvironment;
}

type Copied =
  | { readonly leftover: 'rollback-journal' | 'write-ahead-log' | null }
  | { readonly why: string; readonly remedy: string };

/**
 * Opened for reading alone, SQLite neither rolls back what a dead writer began nor makes the shared memory of a write-ahead
 * log: then all files are copied together, and again where one of them changed meanwhile. So is a log that nobody has
 * written to for a while, since whoever reads it writes into the shared memory beside it.
 */
async function copy({ file, folder, isWal, environment }: CopyOrder, signal: AbortSignal): Promise<Copied> {
  const companions = await findCompanions(file);
  const isLive = companions.includes('-wal') && companions.includes('-shm');
  if (!isWal || (isLive && !(await isQuietSince(file, environment.now() - quietMs)))) {
    const uri = `${pathToFileURL(file).href}?mode=ro`;
    const words = ['-batch', '-bail', '-cmd', '.timeout 10000', uri, '.backup copy.db'];
    const backup = await runSqlite(words, { folder, environment, signal });
    if (backup.failed === undefined) return { leftover: null };
    // A damaged one may refuse to be copied page by page; its copy says how.
    if (companions.length === 0) return (await copyQuiet(file, folder, [])) ? { leftover: null } : isWritten;
  }
  if (!(await copyQuiet(file, folder, companions))) return isWritten;
  if (companions.includes('-journal')) return { leftover: 'rollback-journal' };
  return { leftover: companions.includes('-wal') ? 'write-ahead-log' : null };
}

const isWritten = {
  why: 'It was written to all the time while it was being copied.',
  remedy: 'Run `holdfast down`, then the same command again.',
};

type Asked = { readonly problems: readonly string[] } | { readonly tables: number; readonly rows: number };

async function ask(file: string, environment: CopyOrder['environment'], signal: AbortSignal): Promise<Asked> {
  const context = { file, environment, signal };
  const integrity = await askDatabase(`PRAGMA integrity_check(${mostProblems})`, context);
  if ('failed' in integrity) return { problems: [integrity.failed] };
  const problems = integrity.rows.map((row) => String(Object.values(row)[0]));
  if (problems.length !== 1 || problems[0] !== 'ok') return { problems };
  const names = await askDatabase("SELECT name FROM sqlite_master WHERE type = 'table'", context);
  if ('failed' in names) return { problems: [names.failed] };
  const tables = names.rows.map((row) => String(row['name']));
  let rows = 0;
  for (const table of tables) {
    const counted = await askDatabase(`SELECT count(*) AS n FROM "${table.replaceAll('"', '""')}"`, context);
    if ('failed' in counted) return { problems: [counted.failed] };
    rows += Number(counted.rows[0]?.['n']);
  }
  return { tables: tables.length, rows };
}
