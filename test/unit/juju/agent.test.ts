import { describe, expect, test } from "vitest";
import { formatAgentName, parseAgentBinary } from "../../../src/juju/agent.ts";
import { formatVersion, type VersionGeneration } from "../../../src/juju/version.ts";
import { isJamError } from "../../../src/shared/errors.ts";
import vectors from "../../fixtures/vectors/version.json" with { type: "json" };

const GENERATIONS: readonly VersionGeneration[] = ["1.25", "v1", "v2", "4.0"];

/** What Juju's own code printed for one name, in the shape of the vectors. */
function describeParse(name: string, generation: VersionGeneration): unknown {
  try {
    const binary = parseAgentBinary(name, generation);
    const { tag, patch, build } = binary.number;
    const { release, arch } = binary;
    return {
      ok: true,
      number: formatVersion(binary.number),
      tag,
      patch,
      build,
      release,
      arch,
      str: formatAgentName(binary),
    };
  } catch (error) {
    if (!isJamError(error, "JAM_VERSION_INVALID")) throw error;
    return { ok: false, err: error.message };
  }
}

describe.for(GENERATIONS)("as Juju %s does", (generation) => {
  test("parses and prints every recorded agent name", () => {
    const answers = vectors.parseBinary.map((one) => describeParse(one.in, generation));
    expect(answers).toEqual(vectors.parseBinary.map((one) => one[generation]));
  });
});

test.for(["puma", "yosemite", "elcapitan", "sierra", "centos7", "xenial"])(
  "1.25 knows the series %s",
  (series) => {
    expect(parseAgentBinary(`1.25.14-${series}-amd64`, "1.25")).toMatchObject({ release: series });
  },
);

test.for(["highsierra", "lucid", "osx", "centos8"])("1.25 does not know %s", (series) => {
  expect(() => parseAgentBinary(`1.25.14-${series}-amd64`, "1.25")).toThrow("unknown OS for series");
});

test("keeps a pre-release's dash in the version", () => {
  expect(parseAgentBinary("3.6-beta2-ubuntu-arm64")).toMatchObject({
    version: "3.6-beta2",
    release: "ubuntu",
    arch: "arm64",
  });
});
