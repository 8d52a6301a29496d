import picocolors from 'picocolors';

/** How text is dressed for one stream. Colour never carries meaning: the words say it all. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly green: (text: string) => string;
  /** Width of the terminal, or undefined where the lines may be as long as they are. */
  readonly columns: number | undefined;
}

export function createStyle(options: { readonly hasColor: boolean; readonly columns: number | undefined }): Style {
  const { bold, dim, red, yellow, green } = picocolors.createColors(options.hasColor);
  return { bold, dim, red, yellow, green, columns: options.columns };
}

// Control characters of C0 and C1 but for tab and newline: whoever writes into a log must not steer the terminal.
// eslint-disable-next-line no-control-regex -- these are the characters to take out
const control = /\u001b\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Text from logs, programs and files, without what a terminal would obey. */
export function printable(text: string): string {
  return text.replace(control, '');
}
