/** What proc(5) says of one process in /proc/PID/stat, as far as we need it. */
export interface ProcStat {
  readonly pid: number;
  readonly command: string;
  readonly isDead: boolean;
  readonly processGroup: number;
  readonly session: number;
  readonly startTicks: number;
}

/**
 * Parses /proc/PID/stat. The command stands in parentheses and may itself hold spaces and parentheses, so the last one
 * counts (proc(5)). Undefined where the text is none.
 */
export function parseProcStat(text: string): ProcStat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = text.slice(close + 2).split(' ');
  const [state, , processGroup, session] = fields;
  const stat = {
    pid: Number(text.slice(0, open)),
    command: text.slice(open + 1, close),
    isDead: state === 'Z' || state === 'X' || state === 'x',
    processGroup: Number(processGroup),
    session: Number(session),
    // Field 22 of the line is field 20 after the command.
    startTicks: Number(fields[19]),
  };
  return Number.isSafeInteger(stat.startTicks) && Number.isSafeInteger(stat.pid) ? stat : undefined;
}
