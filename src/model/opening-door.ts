/** How a program that is started for one look lets in nobody but us. */
export interface OpeningDoor {
  /** Of the loopback. */
  readonly port: number;
  /** With the user and the password of this one start. */
  readonly webConfigFile: string;
}
