import type { CheckReport } from './check-report.ts';
import type { Entry, Walk } from './walk-directory.ts';

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const readable = 4;
const readableDirectory = 5;
const shown = 3;

/**
 * Owners and modes. Prometheus runs as the owner of its newest WAL segment, which it wrote itself, else as that of the
 * directory: what that user cannot read keeps it from starting.
 */
export function checkOwnership({ entries }: Walk, report: CheckReport): void {
  const [top] = entries;
  if (top === undefined) return;
  const writer = findOwner(entries);
  const owner = writer ?? top;
  const relevant = entries.filter(({ kind, path }) => kind !== 'other' && path !== 'lost+found');
  const closed = owner.uid === 0 ? [] : relevant.filter((entry) => !mayRead(entry, owner));
  tellEach(closed, (names) => {
    report.remedy = `Give it to the user that Prometheus runs as: chown -R ${owner.uid}:${owner.gid} on the directory.`;
    const message = `The user ${owner.uid}, ${writer === undefined ? 'who owns the directory' : 'whom Prometheus ran as last'}, cannot read ${names}.`;
    report.error('not-readable', { file: closed[0]?.path ?? '.' }, message);
  });
  const foreign = relevant.filter(({ uid }) => uid !== owner.uid && uid !== top.uid);
  tellEach(foreign, (names) => {
    const message = `${names} ${foreign.length === 1 ? 'has' : 'have'} another owner than the directory (${top.uid}).`;
    const remedy = 'Nothing needs to be done as long as Prometheus can read and delete it.';
    report.warning('other-owner', { file: foreign[0]?.path ?? '.' }, message, remedy);
  });
}

function findOwner(entries: readonly Entry[]): Owner | undefined {
  return entries.filter(({ path }) => /^wal\/\d+$/.test(path)).sort((a, b) => b.modifiedMs - a.modifiedMs)[0];
}

function mayRead({ uid, gid, mode, kind }: Entry, owner: Owner): boolean {
  const shift = uid === owner.uid ? 6 : gid === owner.gid ? 3 : 0;
  const wanted = kind === 'directory' ? readableDirectory : readable;
  return ((mode >> shift) & wanted) === wanted;
}

function tellEach(entries: readonly Entry[], tell: (names: string) => void): void {
  if (entries.length === 0) return;
  const names = entries.slice(0, shown).map(({ path }) => path);
  const more = entries.length - names.length;
  tell(`${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`);
}
