import type { PullEvent } from "../cache/pull-through.ts";
import { formatByteSize } from "../shared/byte-size.ts";

/** A line for the log of the server. */
export interface PullLine {
  readonly isProblem: boolean;
  readonly text: string;
}

/** What the cache of the server did, as a sentence for the log. */
export function describePull(event: PullEvent): PullLine {
  switch (event.kind) {
    case "stored":
      return line(`${event.path} was fetched for a client and is held now (${formatByteSize(event.size)}).`);
    case "evicted":
      return line(
        `Tarball ${event.sha256.slice(0, 12)}… was deleted to make room (${formatByteSize(event.size)}): it was the least recently used one.`,
      );
    case "aside":
      return line(
        `Tarball ${event.sha256.slice(0, 12)}… was damaged and is in quarantine/ now: it is fetched again when it is requested.`,
      );
    case "failed":
      return problem(`${event.path} could not be fetched for a client: ${event.error.message}`);
    case "wrong":
      return problem(
        `${event.upstream} sends another tarball than its metadata lists at ${event.path}, nobody got all of it: ${event.error.message}`,
      );
    case "passing": {
      const why = event.error === undefined ? "there is no room for it" : event.error.message;
      return problem(`${event.path} is passed on without being stored: ${why.replace(/\.$/, "")}.`);
    }
  }
}

function line(text: string): PullLine {
  return { isProblem: false, text };
}

function problem(text: string): PullLine {
  return { isProblem: true, text };
}
