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
  /** False where only ASCII can be shown. */
  readonly isUnicode: boolean;
}

export interface StyleOptions {
  readonly hasColor: boolean;
  readonly columns: number | undefined;
  /** Default true. */
  readonly isUnicode?: boolean;
}

export function createStyle(options: StyleOptions): Style {
  const { bold, dim, red, yellow, green } = picocolors.createColors(options.hasColor);
  return { bold, dim, red, yellow, green, columns: options.columns, isUnicode: options.isUnicode ?? true };
}

export { printable } from '../model/printable.ts';
