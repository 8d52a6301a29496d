import { FileWindow } from '../../tsdb/bytes/file-window.ts';
import { Damage } from '../../tsdb/damage.ts';
import { openRegularFile } from '../../tsdb/files/open-regular-file.ts';
import { closeSync } from 'node:fs';
import { listEntries } from '../identify-directory.ts';
import { alertmanagerFiles, type AlertmanagerFile, type MessageFault } from './alertmanager-messages.ts';
import { DataFindings, type CheckedData } from './data-findings.ts';
import { parseMessage, readVarint } from './parse-protobuf.ts';

/** A larger message is refused by Alertmanager's own reader (protodelim, 4 MiB). */
const mostMessageBytes = 4 << 20;

/**
 * Reads every message of nflog and silences of an Alertmanager, live or not: it replaces each file as a whole, so what is
 * open stays as it is. There are no checksums in them: a changed byte shows only where it makes something impossible.
 */
export function checkAlertmanager(directory: string): CheckedData {
  const findings = new DataFindings();
  const names = listEntries(directory).map(({ name }) => name);
  let bytes = 0;
  for (const file of alertmanagerFiles) {
    if (names.includes(file.name)) bytes += checkFile(directory, file, findings);
  }
  if (!alertmanagerFiles.some(({ name }) => names.includes(name))) {
    findings.info('no-data', '', 'Alertmanager has written neither nflog nor silences here yet.');
  }
  for (const name of names.filter((one) => /^(?:nflog|silences)\.[0-9a-f]+$/.test(one))) {
    findings.info(
      'leftover',
      name,
      `${name} is a file that Alertmanager had not finished when it ended; nothing reads it.`,
    );
  }
  return { bytes, findings: findings.list() };
}

function checkFile(directory: string, file: AlertmanagerFile, findings: DataFindings): number {
  try {
    const { descriptor, sizeBytes } = openRegularFile(directory, file.name);
    const release = (): void => closeSync(descriptor);
    const window = new FileWindow({ path: file.name, descriptor, sizeBytes, release });
    try {
      new Walk(window, file, findings).walk();
    } finally {
      window.close();
    }
    return sizeBytes;
  } catch (error) {
    if (error instanceof Damage)
      findings.error(error.rule, file.name, { offset: error.offset }, `${file.name} ${error.message}`);
    else findings.unreadable(file.name, error);
    return 0;
  }
}

interface Frame {
  readonly from: number;
  readonly length: number;
}

/** So many are told apart; nobody has a million silences. */
const mostKeys = 1_000_000;

class Walk {
  private readonly window: FileWindow;
  private readonly file: AlertmanagerFile;
  private readonly findings: DataFindings;
  private readonly keys = new Set<string>();

  constructor(window: FileWindow, file: AlertmanagerFile, findings: DataFindings) {
    this.window = window;
    this.file = file;
    this.findings = findings;
  }

  walk(): void {
    let offset = 0;
    for (let number = 1; offset < this.window.sizeBytes; number += 1) {
      const frame = this.readFrame(offset);
      if ('rule' in frame) {
        // Where the next one would begin, nobody knows.
        this.tell(frame.rule, offset, number, fault(frame.words));
        return;
      }
      this.checkMessage(frame.from, frame.length, number);
      offset = frame.from + frame.length;
    }
  }

  private readFrame(offset: number): Frame | { readonly rule: string; readonly words: string } {
    const head = this.window.readUpTo(offset, 10);
    const length = readVarint(head, 0, head.length);
    if (length === undefined) {
      return { rule: head.length < 10 ? 'truncated' : 'bad-structure', words: 'it begins with no length' };
    }
    const from = offset + length.size;
    if (length.value > BigInt(mostMessageBytes)) {
      return { rule: 'out-of-range', words: `it has ${length.value} bytes, more than Alertmanager takes` };
    }
    const missing = from + Number(length.value) - this.window.sizeBytes;
    if (missing > 0) return { rule: 'truncated', words: `${missing} of its ${length.value} bytes are missing` };
    if (length.value === 0n) return { rule: this.zerosAt(offset), words: 'it is empty' };
    return { from, length: Number(length.value) };
  }

  private checkMessage(from: number, length: number, number: number): void {
    try {
      const message = parseMessage(this.window.read(from, length), this.file.schema);
      for (const found of this.file.judge(message)) this.tell('bad-structure', from, number, found);
      const [unknown] = message.unknown;
      if (unknown !== undefined) {
        const words = `it has a field ${unknown.number} that is not known: a newer Alertmanager wrote it, or a bit has changed`;
        this.tell('unknown-record', from + unknown.offset, number, { severity: 'warning', words });
      }
      this.noteKey(this.file.keyOf(message), from, number);
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      this.tell(error.rule, from + error.offset, number, fault(error.message));
    }
  }

  private noteKey(key: string | undefined, from: number, number: number): void {
    if (key === undefined || this.keys.size >= mostKeys) return;
    if (this.keys.has(key)) {
      this.tell('bad-structure', from, number, { severity: 'warning', words: `there is another one of its id ${key}` });
    }
    this.keys.add(key);
  }

  private zerosAt(offset: number): string {
    const bytes = this.window.readUpTo(offset, 512);
    return bytes.length > 1 && bytes.every((byte) => byte === 0) ? 'zero-filled' : 'bad-structure';
  }

  private tell(rule: string, offset: number, number: number, { severity, words }: MessageFault): void {
    const { name, one } = this.file;
    const what = `${name} at byte ${offset}, ${one} ${number}: ${words}.`;
    if (severity === 'error') {
      this.findings.error(
        rule,
        name,
        { offset },
        `${what} Alertmanager may not start on it, or may lose what follows.`,
      );
    } else this.findings.warning(rule, name, { offset }, what);
  }
}

function fault(words: string): MessageFault {
  return { severity: 'error', words };
}
