export interface SilenceSeen {
  readonly id: string;
  readonly state: 'active' | 'pending' | 'expired';
  readonly endsAtMs: number;
}

/** What can be asked of a running Alertmanager. Throws `component-api` where it does not answer. */
export interface AlertmanagerReader {
  isReady(signal: AbortSignal): Promise<boolean>;
  version(signal: AbortSignal): Promise<string>;
  /** All that it knows, expired ones too. */
  listSilences(signal: AbortSignal): Promise<readonly SilenceSeen[]>;
}
