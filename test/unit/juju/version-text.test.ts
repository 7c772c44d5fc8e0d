import { describe, expect, test } from "vitest";
import { readAgentText, readVersionText, versionOfText } from "../../../src/juju/version-text.ts";
import { anAgent } from "../../helpers/agents.ts";

describe("what Juju, its snap and its tags print as a version is read", () => {
  test.for<[string, string]>([
    ["3.6.11", "version 3.6.11"],
    [" 3.6.11\n", "version 3.6.11"],
    ["v3.6.1", "version 3.6.1"],
    ["juju-2.9.42", "version 2.9.42"],
    ["2.9.42.1", "version 2.9.42.1"],
    ["3.6-beta2", "version 3.6-beta2"],
    ["1.21-RC1", "version 1.21-RC1"],
    ["3.6.11-genericlinux-amd64", "binary 3.6.11"],
    ["3.6.11-ubuntu-amd64", "binary 3.6.11"],
    ["2.9.42-ubuntu-arm64", "binary 2.9.42"],
    ["2.8.13-focal-s390x", "binary 2.8.13"],
    ["3.6-beta2-ubuntu-amd64", "binary 3.6-beta2"],
    ["2.9.42.1-ubuntu-ppc64el", "binary 2.9.42.1"],
    ["3.6", "minor 3.6"],
    ["3.6/stable", "channel 3.6"],
    ["2.9/candidate", "channel 2.9"],
    ["4.0/edge/fix-1", "channel 4.0"],
    ["3/stable", "channel 3.undefined"],
  ])("%j is %s", ([text, expected]) => {
    const read = readVersionText(text);
    const name =
      read === undefined
        ? ""
        : "version" in read
          ? read.version
          : `${read.track.major}.${String(read.track.minor)}`;
    expect(`${read?.kind} ${name}`).toBe(expected);
  });

  test.for(["", "3", "latest/stable", "stable", "3.6/", "3.6/newest", "3.6.x", ">=3.6", "3.6.11-amd64", "v"])(
    "%j names no version",
    (text) => {
      expect(readVersionText(text)).toBeUndefined();
    },
  );
});

describe("a channel means", () => {
  const known = { held: ["3.6.1", "3.6.9", "3.6-rc1", "4.0-beta1", "2.9.60"], upstream: ["3.6.11", "3.5.1"] };

  test.for<[string, string, string]>([
    ["3.6/stable", "3.6.9", "the newest 3.6 that is held, 3.6.9, is taken for it. Upstream listed 3.6.11."],
    ["3/stable", "3.6.9", "the newest 3 that is held"],
    ["2.9/stable", "2.9.60", "the newest 2.9 that is held, 2.9.60, is taken for it."],
    ["4.0/beta", "4.0-beta1", "4.0-beta1"],
    ["3.5/stable", "3.5.1", "the newest 3.5 that is listed upstream (none is held), 3.5.1"],
  ])("%s: %s, and says so", ([text, version, note]) => {
    const named = versionOfText(text, "--to", () => known);
    expect(named.version).toBe(version);
    expect(named.note).toContain(note);
  });

  test("nothing where no version of its track is known, and a minor is not a version", () => {
    expect(() => versionOfText("5.0/stable", "--to", () => known)).toThrow(
      expect.objectContaining({ code: "JAM_AGENT_NOT_FOUND" }),
    );
    expect(() => versionOfText("3.6", "current", () => known)).toThrow(
      expect.objectContaining({
        code: "JAM_VERSION_INVALID",
        hint: "Write all of it: 3.6.9 is the newest that is known here.",
      }),
    );
  });
});

describe("a word on the command line means agents", () => {
  const agents = [
    "3.6.5-ubuntu-arm64",
    "3.6.5-ubuntu-amd64",
    "3.6-beta2-ubuntu-amd64",
    "3.60.1-ubuntu-amd64",
  ].map((name) => anAgent(name));

  test.for<[text: string, count: number]>([
    ["3.6.5-ubuntu-arm64", 1],
    ["3.6.5", 2],
    ["v3.6.5", 2],
    ["3.6.5-ubuntu", 2],
    ["ubuntu-amd64", 3],
    ["arm64", 1],
    ["3.6", 3],
    ["3.6-beta2", 1],
    ["3", 4],
    ["3.6/stable", 2],
    ["3.60/edge", 1],
    ["3.6.5-genericlinux-amd64", 2],
    ["3.6-beta2-osx-arm64", 1],
    // The agents of this release are known, and this is none of them.
    ["3.6.5-ubuntu-s390x", 0],
    ["3.6.", 0],
    ["6.5", 0],
    ["", 0],
    ["9.9.9", 0],
    ["9.9.9-genericlinux-amd64", 0],
  ])("%s means %i", ([text, count]) => {
    expect(agents.filter(readAgentText(text, agents).isMeant)).toHaveLength(count);
  });

  test("and says what was taken where that is not what was written", () => {
    expect(readAgentText("3.6.5-genericlinux-amd64", agents).note).toContain("3.6.5 is used");
    expect(readAgentText("3.6/stable", agents).note).toContain("3.6.5, is taken");
    expect(readAgentText("3.6.5-ubuntu-amd64", agents).note).toBeUndefined();
  });
});
