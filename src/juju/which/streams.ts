import { isDevVersion, type JujuVersion } from "../version.ts";
import type { Generation } from "./generation.ts";
import { versionGenerationOf } from "./generation.ts";

/** Each stream and those searched after it. */
const FALLBACKS: Readonly<Record<string, readonly string[]>> = {
  released: ["released"],
  proposed: ["proposed", "released"],
  devel: ["devel", "proposed", "released"],
  testing: ["testing", "devel", "proposed", "released"],
};

/** Streams that 4.0 accepts for `--agent-stream`. Source: juju core/agentbinary/stream.go (4.0). */
export const STREAMS_OF_4_0: readonly string[] = ["released", "proposed", "testing", "devel"];

export interface StreamWish {
  /** Undefined stands for 0.0.0, which is no development version. */
  readonly version: JujuVersion | undefined;
  readonly development: boolean;
  /** Empty means the default. */
  readonly stream: string;
}

/**
 * The streams that are searched, in order; all are merged and an earlier one wins.
 * Up to 2.2 exactly one. In both a development version widens the search only where the default stream is set.
 * Source: juju environs/tools/tools.go PreferredStream (1.25.14, 2.0.4), PreferredStreams (2.3.9 to 4.0.15).
 */
export function preferredStreams(generation: Generation, wish: StreamWish): readonly string[] {
  const { version, development, stream } = wish;
  const isDefault = stream === "" || stream === "released";
  const wide =
    isDefault &&
    (development || (version !== undefined && isDevVersion(version, versionGenerationOf(generation))));
  const name = wide ? "devel" : stream === "" ? "released" : stream;
  if (generation === "1.25" || generation === "2.0-2.1") return [name];
  return FALLBACKS[name] ?? [name];
}
