import type { Received } from "./client.ts";

/** What the log of the server says of an answer that is an error or was cut off. */
export interface LoggedAnswer {
  readonly time: string;
  readonly url: string;
  readonly status: number;
  readonly userAgent: string;
  readonly aborted: boolean;
  readonly cache?: string;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly details?: { readonly reason?: string };
  };
}

/** A client meets the end of a connection at the same moment as the server. */
const NEAR_MS = 5_000;

/** Reads the log of a server as it comes; keeps what explains failures, not the hundred thousands of good answers. */
export class ServerLog {
  readonly #cut: LoggedAnswer[] = [];
  readonly #failed: LoggedAnswer[] = [];
  /** What is no request: notes, and damage. */
  readonly notes: string[] = [];
  #rest = "";

  readonly take = (text: string): void => {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#takeLine(line);
  };

  /** Answers to a path that failed with a status of the server's own. */
  failuresOf(path: string): readonly LoggedAnswer[] {
    return this.#failed.filter(({ url }) => url === path);
  }

  /** What the server says of a request that broke; undefined where it did not break it. */
  cutOf(client: string, { path, at }: Received): LoggedAnswer | undefined {
    return this.#cut.find(
      ({ userAgent, url, time }) =>
        userAgent === client && url === path && Math.abs(Date.parse(time) - at) < NEAR_MS,
    );
  }

  #takeLine(line: string): void {
    if (!line.startsWith("{") || !line.includes('"msg":"request"')) {
      if (line.trim() !== "") this.notes.push(line);
      return;
    }
    const isCut = line.includes('"aborted":true');
    const isMetadata = line.includes('"url":"/tools/streams/');
    if (!isCut && !(isMetadata && line.startsWith('{"level":"error"'))) return;
    const answer = JSON.parse(line) as LoggedAnswer;
    (isCut ? this.#cut : this.#failed).push(answer);
  }
}
