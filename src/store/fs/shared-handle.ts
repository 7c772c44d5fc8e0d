import type { FileHandle } from "node:fs/promises";

/** An open file that its writer shares with readers; it is closed when the last of them has closed it. */
export class SharedHandle {
  readonly file: FileHandle;
  /** The writer. */
  #users = 1;

  constructor(file: FileHandle) {
    this.file = file;
  }

  /** Counts a reader, who calls `close`, too. */
  hold(): void {
    this.#users += 1;
  }

  async close(): Promise<void> {
    this.#users -= 1;
    if (this.#users === 0) await this.file.close();
  }
}
