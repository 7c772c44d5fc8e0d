import { isJamError, JamError } from "../shared/errors.ts";
import { quoteGo } from "./go-text.ts";
import { isSeriesOfJuju1 } from "./release.ts";
import { formatVersion, parseVersion, type JujuVersion, type VersionGeneration } from "./version.ts";

/** What an agent's name says: `3.6-beta2-ubuntu-arm64`. */
export interface AgentBinary {
  readonly number: JujuVersion;
  /** `number` as Juju prints it. */
  readonly version: string;
  /** OS type or series; not checked against a list. */
  readonly release: string;
  readonly arch: string;
}

const NAME = /^([^]*)-([^-]+)-([^-]+)$/;

/**
 * Reads `VERSION-RELEASE-ARCH` as Juju does. 1.x also wants to know the series' operating system.
 * Source: juju/version v2 ParseBinary; juju version/version.go ParseBinary (1.25.14).
 * @throws JamError JAM_VERSION_INVALID with Juju's own text.
 */
export function parseAgentBinary(name: string, generation: VersionGeneration = "v2"): AgentBinary {
  const [, version = "", release = "", arch = ""] = NAME.exec(name) ?? [];
  let number: JujuVersion;
  try {
    number = parseVersion(version, generation);
  } catch (error) {
    if (!isJamError(error, "JAM_VERSION_INVALID")) throw error;
    throw nameError(`invalid binary version ${quoteGo(name)}`, name);
  }
  if (generation === "1.25" && !isSeriesOfJuju1(release)) {
    throw nameError(`unknown OS for series: "${release}"`, name);
  }
  return { number, version: formatVersion(number), release, arch };
}

/** `3.6.5-ubuntu-arm64`. Source: juju/version Binary.String. */
export function formatAgentBinary(binary: Pick<AgentBinary, "number" | "release" | "arch">): string {
  return `${formatVersion(binary.number)}-${binary.release}-${binary.arch}`;
}

/** Juju 1.25 prints the series as it is, a line break in it as well. */
function nameError(text: string, name: string): JamError {
  const [message = "", ...lines] = text.split("\n");
  return new JamError("JAM_VERSION_INVALID", message, {
    lines,
    details: { name },
    hint: "Write it as VERSION-RELEASE-ARCH, for example 3.6.5-ubuntu-arm64.",
  });
}
