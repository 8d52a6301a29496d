/** The configuration after flag, environment, file, stack.json and default have been laid over one another. */
export interface StackConfig {
  readonly stack: string;
  readonly platform: 'standalone';
  readonly listen: string;
  readonly prometheus: {
    readonly port: number;
    readonly scrapeIntervalMs: number;
    readonly retentionMs: number;
    readonly retentionSizeBytes: number;
    /** Absolute paths. */
    readonly scrapeFiles: readonly string[];
    readonly ruleFiles: readonly string[];
  };
  readonly alertmanager: { readonly port: number; readonly config: string | null };
  readonly pushgateway: { readonly port: number };
  readonly nodeExporter: { readonly port: number };
  readonly grafana: { readonly port: number };
  readonly console: { readonly port: number };
  /** Program name to absolute path, as `{prometheus: '/usr/bin/prometheus'}`. */
  readonly programs: Readonly<Record<string, string>>;
  /** Base URL that stands in for the official release sites, or null. */
  readonly programSource: string | null;
}
