const jobName = Buffer.from('job');

/** The label `job`, or the empty string. */
export function jobOf(labels: readonly Uint8Array[]): string {
  for (let index = 0; index < labels.length; index += 2) {
    if (Buffer.compare(labels[index] as Uint8Array, jobName) === 0) {
      return Buffer.from(labels[index + 1] as Uint8Array).toString('utf8');
    }
  }
  return '';
}
