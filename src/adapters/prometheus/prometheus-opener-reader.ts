import type { OpeningDoor } from '../../model/opening-door.ts';
import type { PrometheusReader } from './prometheus-reader.ts';

/** A Prometheus that is started for as long as it is asked. */
export interface OpeningOrder {
  /** Absolute path of the program. */
  readonly program: string;
  /** Absolute. Where it is started, and by what it is found again should we be killed meanwhile. */
  readonly directory: string;
  /** What it says is appended to it. */
  readonly logFile: string;
  /** All of its flags. */
  readonly argumentsFor: (door: OpeningDoor) => readonly string[];
}

/** How it went, and what this Prometheus has logged, the last part of it. */
export type Opening<T> = { readonly log: string } & (
  | { readonly state: 'answered'; readonly answer: T }
  /** It has ended by itself. */
  | { readonly state: 'ended' }
  /** It lives, and is not ready or gives no answer. */
  | { readonly state: 'silent'; readonly reason: string }
);

/** Starts programs, and leaves none behind. */
export interface PrometheusOpener {
  /** Starts one, asks it once it is ready, and ends it, whatever happens. */
  open<T>(
    order: OpeningOrder,
    ask: (prometheus: PrometheusReader) => Promise<T>,
    signal: AbortSignal,
  ): Promise<Opening<T>>;
  /** Ends what a command that was killed has left running in a directory of this host. */
  endLeftOver(directory: string): Promise<void>;
}
