import { describe, expect, test } from "vitest";
import { ARCHES, isArchWord } from "../../../src/juju/platform.ts";
import { findSeries, isOsType, isReleaseWord, OS_TYPES, osTypeOf } from "../../../src/juju/release.ts";
import {
  formatStreamContentId,
  parseStreamContentId,
  productFileName,
  streamRank,
  STREAMS,
} from "../../../src/juju/stream.ts";

describe("content ids", () => {
  test.for<[id: string, stream: string, family: string, file: string]>([
    ["com.ubuntu.juju:released:agents", "released", "agents", "com.ubuntu.juju-released-agents.json"],
    ["com.ubuntu.juju:proposed:tools", "proposed", "tools", "com.ubuntu.juju-proposed-tools.json"],
    [
      "com.ubuntu.juju:2.0-feature_x:tools",
      "2.0-feature_x",
      "tools",
      "com.ubuntu.juju-2.0-feature_x-tools.json",
    ],
  ])("%s", ([id, stream, family, file]) => {
    const parts = parseStreamContentId(id);
    expect(parts).toEqual({ stream, family });
    expect(formatStreamContentId(parts!)).toBe(id);
    expect(productFileName(parts!)).toBe(file);
  });

  test.for([
    "",
    "com.ubuntu.juju:released",
    "com.ubuntu.juju::agents",
    "com.ubuntu.juju:released:images",
    "com.ubuntu.juju:released:agents:x",
    "com.ubuntu.juju:../x:agents",
    "com.ubuntu.juju:a/b:agents",
    "com.ubuntu.juju:.x:agents",
    "com.ubuntu.juju:x\n:agents",
    "xcom.ubuntu.juju:released:agents",
    "com.canonical.streams:released:gui",
  ])("are not agents': %j", (id) => {
    expect(parseStreamContentId(id)).toBeUndefined();
  });
});

test("orders streams by stability, the operator's own last", () => {
  const streams = ["own", "devel", "released", "testing", "proposed"];
  expect(streams.toSorted((a, b) => streamRank(a) - streamRank(b))).toEqual([...STREAMS, "own"]);
});

test.for<[release: string, os: string | undefined, version: string | undefined]>([
  ["precise", "ubuntu", "12.04"],
  ["warty", "ubuntu", "4.10"],
  ["focal", "ubuntu", "20.04"],
  ["noble", "ubuntu", "24.04"],
  ["centos7", "centos", "centos7"],
  ["opensuseleap", "opensuse", "opensuse42"],
  ["win2012hvr2", "windows", "win2012hvr2"],
  ["genericlinux", "genericlinux", "genericlinux"],
  ["kubernetes", "kubernetes", "kubernetes"],
  ["ubuntu", "ubuntu", undefined],
  ["osx", "osx", undefined],
  ["constructor", undefined, undefined],
])("%s is of OS %s and stands in product ids as %s", ([release, os, version]) => {
  expect(osTypeOf(release)).toBe(os);
  expect(findSeries(release)?.version).toBe(version);
});

test("takes a series that came later for Ubuntu's by its product's number", () => {
  expect(osTypeOf("zebra", "com.ubuntu.juju:30.04:amd64")).toBe("ubuntu");
  expect(osTypeOf("zebra", "com.ubuntu.juju:zebra:amd64")).toBeUndefined();
  expect(osTypeOf("zebra", "")).toBeUndefined();
});

test("takes known and later words for releases and arches, and nothing that breaks a name", () => {
  expect([...OS_TYPES, "focal", "win2012r2", "zebra"].filter((word) => !isReleaseWord(word))).toEqual([]);
  expect([...ARCHES, "loong64"].filter((word) => !isArchWord(word))).toEqual([]);
  const broken = ["", "a-b", "A", "a b", "a/b", "..", "a\n", "é", "x".repeat(50)];
  expect(broken.filter((word) => isReleaseWord(word) || isArchWord(word))).toEqual([]);
  expect(isOsType("toString")).toBe(false);
});
