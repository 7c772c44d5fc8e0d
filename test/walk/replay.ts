import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Operation } from "./operations.ts";
import type { WalkSettings } from "./place.ts";

/** One walk: how the mirror is set, and what is done with it. */
export interface OneWalk {
  readonly settings: WalkSettings;
  readonly operations: readonly Operation[];
}

/**
 * A walk as a word of a command line. The seed alone does not lead to a walk that was shortened: how it is shortened depends on
 * which operations ran. This word leads to it also when the choices of other seeds have changed since.
 */
export function formatReplay(walk: OneWalk): string {
  return deflateRawSync(JSON.stringify(walk), { level: 9 }).toString("base64url");
}

/** The walk that `formatReplay` wrote. Throws where the word is something else. */
export function parseReplay(word: string): OneWalk {
  return JSON.parse(inflateRawSync(Buffer.from(word, "base64url")).toString("utf8")) as OneWalk;
}
