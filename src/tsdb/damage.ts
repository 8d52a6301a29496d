/** What can be wrong with bytes, as the rule of a finding. */
export type DamageRule =
  | 'missing'
  | 'truncated'
  | 'bad-magic'
  | 'bad-version'
  | 'bad-checksum'
  | 'bad-structure'
  | 'unknown-encoding'
  | 'unknown-record'
  | 'out-of-range'
  | 'zero-filled'
  | 'unreadable';

/**
 * Bytes that are not what their format says. Thrown by parsers, caught where the object is known and turned into a
 * finding; it never leaves the library.
 */
export class Damage extends Error {
  readonly rule: DamageRule;
  /** In the bytes that were being parsed. */
  readonly offset: number;

  constructor(rule: DamageRule, message: string, offset: number, cause?: unknown) {
    super(message, { cause });
    this.name = 'Damage';
    this.rule = rule;
    this.offset = offset;
  }
}
