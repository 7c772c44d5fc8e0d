/** One of the program's two outputs. */
export interface OutputStream {
  /** Writes text as it is; resolves when the reader is ready for more. A reader that went away is not an error. */
  readonly write: (text: string) => Promise<void>;
  readonly isTTY: boolean;
  /** Width of the terminal; undefined when there is none. */
  readonly columns: () => number | undefined;
}

/** The environment of a run. `main.ts` creates it from the process; tests create their own. */
export interface CommandIo {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** All of standard input as text, to its end. Absent where there is none. */
  readonly readInput?: () => Promise<string>;
  /** Standard input as a stream. Absent where there is none. */
  readonly readBytes?: () => AsyncIterable<Uint8Array>;
  /** Writes bytes to standard output; each piece is written before the next one is requested. */
  readonly writeBytes?: (bytes: AsyncIterable<Uint8Array>) => Promise<void>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path. */
  readonly cwd: string;
}
