/** One of the program's two outputs. */
export interface OutputStream {
  /** Writes text as it is; resolves when the reader is ready for more. A reader that went away is not an error. */
  readonly write: (text: string) => Promise<void>;
  readonly isTTY: boolean;
  /** Width of the terminal; undefined when there is none. */
  readonly columns: () => number | undefined;
}

/** What the program was started with. `main.ts` makes it from the process; tests make their own. */
export interface CommandIo {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** All of standard input as text, to its end. Absent where there is none. */
  readonly readInput?: () => Promise<string>;
  /** Standard input as it comes. Absent where there is none. */
  readonly readBytes?: () => AsyncIterable<Uint8Array>;
  /** Writes bytes to standard output; each piece is with the system before the next one is asked for. */
  readonly writeBytes?: (bytes: AsyncIterable<Uint8Array>) => Promise<void>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path. */
  readonly cwd: string;
}
