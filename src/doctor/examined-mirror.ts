/** What clients can ask for here, as far as the store says it. */
export interface ExaminedMirror {
  /** Tarballs of the mirror and of every channel, by their path below an address: their size. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Tarballs that the mirror itself lists, by their path. */
  readonly paths: ReadonlySet<string>;
  /** Whether anything is listed for clients before 2.9. */
  readonly hasTools: boolean;
  readonly agents: number;
  /** When each kept snapshot was made, by its id. */
  readonly snapshots: ReadonlyMap<string, number>;
  readonly channels: readonly ExaminedChannel[];
  /** Agents whose tarball is damaged. */
  readonly damaged: readonly string[];
}

export interface ExaminedChannel {
  readonly name: string;
  /** False while nothing was promoted to it. */
  readonly isShown: boolean;
  /** Tarballs that it lists. */
  readonly paths: ReadonlySet<string>;
}
