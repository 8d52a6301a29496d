import type { ProcessComponent } from '../model/component.ts';
import type { InstalledProgram } from '../model/program.ts';
import type { EffectiveRetention } from '../model/retention.ts';
import type { StackFile } from '../model/stack-file.ts';

export interface RenderInput {
  readonly stack: StackFile;
  readonly component: ProcessComponent;
  readonly program: InstalledProgram;
  /** Absolute path of the data root; the result holds absolute paths below it. */
  readonly dataRoot: string;
  readonly retention: EffectiveRetention;
  readonly user: string;
  /** bcrypt hash of the stack's password; the password itself is only ever referred to by file. */
  readonly passwordHash: string;
  /** Components that can run here, so that nothing is scraped or provisioned that is not there. */
  readonly present: readonly ProcessComponent[];
  /** The text of the user's Alertmanager config, already read, or null. */
  readonly alertmanagerConfig: string | null;
  /** The user's extra scrape and rule files (config.prometheus.scrapeFiles and ruleFiles), already read, in that order. */
  readonly scrapeFiles: readonly UserFile[];
  readonly ruleFiles: readonly UserFile[];
}

/** A file of the user's, read before rendering, so that a change in it changes the digest. */
export interface UserFile {
  /** Absolute; relative paths inside the text are meant from its directory. */
  readonly path: string;
  readonly text: string;
}

/** What one component's own file renders; render-component adds address and digest. */
export type Launch = Pick<RenderedComponent, 'files' | 'arguments' | 'environment' | 'workingDirectory'>;

export interface RenderedFile {
  /** Relative to the component's rendered directory (paths.rendered). */
  readonly path: string;
  readonly content: string;
  readonly mode: 0o600 | 0o644;
}

/** All that a component is launched with. */
export interface RenderedComponent {
  readonly files: readonly RenderedFile[];
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** `http://127.0.0.1:30090`. */
  readonly address: string;
  /** Hex SHA-256 over files, arguments, environment and program: equal digests need no restart. */
  readonly digest: string;
}
