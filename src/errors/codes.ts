/** What went wrong, in the one sense that decides the exit status. */
export const exitStatus = {
  failure: 1,
  usage: 2,
  refusal: 10,
  locked: 11,
  corruption: 12,
  mismatch: 13,
  cancelled: 130,
} as const;
/** What a command that a signal stopped has in the place of 130. */
export const statusOfSignal: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
export type ErrorKind = keyof typeof exitStatus;

/** The one table of error codes. docs/reference/exit-codes.md is generated from it. */
export const errorCodes = {
  // usage
  'bad-arguments': { kind: 'usage', meaning: 'The command line could not be understood.' },
  'bad-config': { kind: 'usage', meaning: 'The configuration file has mistakes; each is listed with its position.' },
  'confirmation-missing': {
    kind: 'usage',
    meaning: 'A verb that stops or removes things was called without a terminal and without --confirm NAME.',
  },
  'not-a-tsdb': { kind: 'usage', meaning: 'The directory that was named holds no data of a Prometheus.' },
  'not-a-directory': { kind: 'usage', meaning: 'What was named is not there, or is no directory.' },
  'same-on-both-sides': {
    kind: 'usage',
    meaning: 'Both sides of a proof are the same directory or file, which would prove nothing.',
  },
  'not-an-inventory': {
    kind: 'usage',
    meaning: 'The file that was named holds no inventory of a TSDB that could be compared.',
  },
  'platform-missing': {
    kind: 'usage',
    meaning: 'Another platform or another stack is on this host; say which one is meant with --platform.',
  },
  // refusals: nothing was changed
  'wrong-name': { kind: 'refusal', meaning: 'The name that was typed is not the name of the stack.' },
  'no-stack': { kind: 'refusal', meaning: 'The data root holds no stack.json.' },
  'not-a-data-root': {
    kind: 'refusal',
    meaning: 'The directory holds data but no stack.json: it is never taken for a new stack.',
  },
  'other-stack': { kind: 'refusal', meaning: 'The data root belongs to a stack of another name.' },
  'chunk-snapshot': {
    kind: 'refusal',
    meaning: 'The TSDB to be repaired holds a snapshot of head chunks, beside which a repair could hide samples.',
  },
  'changed-since-planned': {
    kind: 'refusal',
    meaning: 'What a repair that was broken off meant to move is not damaged any more.',
  },
  'repair-unfinished': {
    kind: 'refusal',
    meaning: 'A repair of the volume of Prometheus was broken off, and is finished before Prometheus is started.',
  },
  'repair-blocked': {
    kind: 'refusal',
    meaning: 'Something in the way of a repair, as a symbolic link, needs a decision that it does not take.',
  },
  'not-discardable': {
    kind: 'refusal',
    meaning: 'The directory is in use, holds more than can be proven, or may not be removed yet.',
  },
  'not-elsewhere': {
    kind: 'refusal',
    meaning: 'Not every sample of the directory to be discarded is proven to be in another one.',
  },
  'newer-format': { kind: 'refusal', meaning: 'The data root was written by a newer Holdfast.' },
  'copied-while-running': { kind: 'refusal', meaning: 'The data root is a copy of one whose stack still runs.' },
  'volume-refused': {
    kind: 'refusal',
    meaning: 'A listed volume is missing, empty, unreadable or of another identity.',
  },
  'wal-damaged': {
    kind: 'refusal',
    meaning: 'Prometheus would delete whole records of its WAL, behind one that is damaged.',
  },
  'linked-data': {
    kind: 'refusal',
    meaning: 'A symbolic link is in the place of a part of the data that Prometheus would replay.',
  },
  'retention-would-delete': {
    kind: 'refusal',
    meaning: 'Starting Prometheus would delete blocks that the retention in force had not condemned.',
  },
  'block-in-the-future': {
    kind: 'refusal',
    meaning: 'A block ends in the future: Prometheus would reject every sample until then.',
  },
  'program-older-than-volume': {
    kind: 'refusal',
    meaning: 'The program is older than the one that last wrote to the volume.',
  },
  'program-changed': {
    kind: 'refusal',
    meaning: 'A program of a pinned version is not the one that was installed under that version.',
  },
  'component-config': {
    kind: 'refusal',
    meaning: "A component's own checker refuses the configuration that it would be started with.",
  },
  'port-taken': { kind: 'refusal', meaning: 'Another process listens on a port that a component needs.' },
  'proof-owed': { kind: 'refusal', meaning: 'An earlier run took an inventory that no good proof stands against yet.' },
  'ambiguous-directory': {
    kind: 'refusal',
    meaning: 'The directory that was named holds the data of a component, and so does one below it.',
  },
  'not-adoptable': { kind: 'refusal', meaning: 'The directory is not what was said, or cannot be taken in.' },
  'not-stitchable': {
    kind: 'refusal',
    meaning: 'The sources of a stitch cannot be made one history, or the place for it is taken.',
  },
  'conflicting-samples': {
    kind: 'refusal',
    meaning: 'Two sources of a stitch hold different values of one series at one time.',
  },
  'pushgateway-file-unreadable': {
    kind: 'refusal',
    meaning: 'Pushgateway cannot read its file and would overwrite it with nothing.',
  },
  'data-root-not-writable': { kind: 'refusal', meaning: 'The data root cannot be written.' },
  // somebody else holds it
  locked: { kind: 'locked', meaning: 'Another command that changes things is at work on this data root.' },
  'volume-locked': { kind: 'locked', meaning: 'A volume is held by a living process or by another host.' },
  // what is on disk is broken
  'corrupt-file': { kind: 'corruption', meaning: 'A file of ours cannot be parsed or fails its checksum.' },
  'damaged-tsdb': { kind: 'corruption', meaning: "A check found damage in a Prometheus' data; each is a finding." },
  'damaged-data': {
    kind: 'corruption',
    meaning: 'A check found damage in the data of Alertmanager, Pushgateway or Grafana; each is a finding.',
  },
  'wrong-checksum': { kind: 'corruption', meaning: 'A downloaded archive is not the one that its publisher names.' },
  // a proof failed
  'samples-lost': { kind: 'mismatch', meaning: 'The proof found samples or other data missing.' },
  'witnesses-disagree': {
    kind: 'mismatch',
    meaning: 'The bytes on the disk and the answers of Prometheus say different things of what is there.',
  },
  'not-opened': {
    kind: 'mismatch',
    meaning: 'A real Prometheus does not open what a stitch has made, or holds other blocks of it than there are.',
  },
  'nothing-to-prove': {
    kind: 'mismatch',
    meaning: 'The first side of the proof holds no sample, so that nothing was proved.',
  },
  'not-decided': { kind: 'mismatch', meaning: 'The proof cannot tell whether something was lost.' },
  // the world would not
  'not-ready': { kind: 'failure', meaning: 'A component did not become ready.' },
  'not-ok': { kind: 'failure', meaning: 'The stack is not as it should be.' },
  'step-failed': { kind: 'failure', meaning: 'A step was carried out, but the world does not show it.' },
  'daemon-unreachable': { kind: 'failure', meaning: 'The daemon does not answer.' },
  'component-api': { kind: 'failure', meaning: 'A component answered with an error or not at all.' },
  'program-unavailable': { kind: 'failure', meaning: 'A program could not be had from any source.' },
  'disk-full': { kind: 'failure', meaning: 'There is no space left.' },
  io: { kind: 'failure', meaning: 'A file could not be read or written.' },
  'service-failed': { kind: 'failure', meaning: 'systemd would not.' },
  cancelled: { kind: 'cancelled', meaning: 'The user stopped the command.' },
} as const satisfies Record<string, { readonly kind: ErrorKind; readonly meaning: string }>;

export type ErrorCode = keyof typeof errorCodes;
