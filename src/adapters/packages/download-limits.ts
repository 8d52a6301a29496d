export interface DownloadLimits {
  /** From the start until the TCP connection stands, names looked up included. */
  readonly connectMs: number;
  /** From there until the head of the answer. */
  readonly answerMs: number;
  /** The longest silence inside an answer. */
  readonly idleMs: number;
  /** For one file as a whole. */
  readonly totalMs: number;
  readonly maxArchiveBytes: number;
  readonly maxUnpackedBytes: number;
  readonly maxFiles: number;
}

/** Grafana's archive has about 200 MB, its files 600 MB, and there are about 10,000 of them. */
export const defaultDownloadLimits: DownloadLimits = {
  connectMs: 3000,
  answerMs: 20_000,
  idleMs: 30_000,
  totalMs: 900_000,
  maxArchiveBytes: 2 ** 30,
  maxUnpackedBytes: 3 * 2 ** 30,
  maxFiles: 100_000,
};
