import { isDevVersion, type JujuVersion } from "../version.ts";
import type { Generation } from "./generation.ts";
import { versionGenerationOf } from "./generation.ts";
import type { UpgradeRequest } from "./request.ts";

/** Each stream and those searched after it. */
const FALLBACKS: Readonly<Record<string, readonly string[]>> = {
  released: ["released"],
  proposed: ["proposed", "released"],
  devel: ["devel", "proposed", "released"],
  testing: ["testing", "devel", "proposed", "released"],
};

/** Streams that 4.0 accepts for `--agent-stream`. Source: juju core/agentbinary/stream.go (4.0). */
export const STREAMS_OF_4_0: readonly string[] = ["released", "proposed", "testing", "devel"];

export interface StreamSettings {
  /** Undefined means 0.0.0, which is not a development version. */
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
export function preferredStreams(generation: Generation, settings: StreamSettings): readonly string[] {
  const { version, development, stream } = settings;
  const isDefault = stream === "" || stream === "released";
  const wide =
    isDefault &&
    (development || (version !== undefined && isDevVersion(version, versionGenerationOf(generation))));
  const name = wide ? "devel" : stream === "" ? "released" : stream;
  if (generation === "1.25" || generation === "2.0-2.1") return [name];
  return FALLBACKS[name] ?? [name];
}

/** Generations whose upgrade command has no `--agent-stream`. Source: juju cmd/juju/commands/upgradejuju.go (2.3.9). */
const WITHOUT_STREAM_OPTION: ReadonlySet<Generation> = new Set(["1.25", "2.0-2.1", "2.3"]);

/** Generations whose controller widens the search when a development version is requested by number. */
const WIDENED_BY_NUMBER: ReadonlySet<Generation> = new Set(["3.0", "3.1-3.2", "3.3.4-3.6.21", "3.6.23+"]);

/** The streams that an upgrade searches, in order; `number` is the requested version, if there is one. */
export function streamsOfUpgrade(
  generation: Generation,
  { stream, configStream, development }: Pick<UpgradeRequest, "stream" | "configStream" | "development">,
  number: JujuVersion | undefined,
): readonly string[] {
  const option = WITHOUT_STREAM_OPTION.has(generation) ? "" : stream;
  const wanted = option || configStream;
  if (generation === "4.0") return [wanted || "released"];
  return preferredStreams(generation, {
    version: WIDENED_BY_NUMBER.has(generation) ? number : undefined,
    development,
    stream: wanted,
  });
}
