import { describe, expect, test } from "vitest";
import { isKnownVersion } from "../../../src/juju/knowledge/known-versions.ts";
import { sourceUpgradeFor, ubuntuPassage } from "../../../src/juju/knowledge/source-preferences.ts";
import {
  betterTarget,
  formatReasons,
  preferTarget,
  reasonsAgainst,
  TARGET_PREFERENCES,
  type TargetContext,
} from "../../../src/juju/knowledge/target-preferences.ts";
import { formatVersion, parseVersion } from "../../../src/juju/version.ts";

const versions = (texts: string) => texts.split(" ").map((text) => parseVersion(text));

function context(from: string, changes: Partial<TargetContext> = {}): TargetContext {
  return {
    from: parseVersion(from),
    how: "upgrade",
    controllerType: "iaas",
    isHighlyAvailable: false,
    ...changes,
  };
}

function prefer(from: string, candidates: string, changes: Partial<TargetContext> = {}): string | undefined {
  const preferred = preferTarget(context(from, changes), versions(candidates));
  return preferred === undefined ? undefined : formatVersion(preferred.version);
}

test.for([
  ["3.6.14", "3.6.19 3.6.21 3.6.23", {}, "3.6.23", "of bad ones the one with the smallest trap"],
  ["3.6.14", "3.6.18 3.6.21 3.6.23 3.6.24", {}, "3.6.24", "over every trap"],
  ["3.6.14", "3.6.14 3.6.18 3.6.21 3.6.23", {}, "3.6.18", "rather an older one than a trap"],
  ["3.6.19", "3.6.20 3.6.21", {}, "3.6.21", "the port stays open from 3.6.19 on"],
  ["3.6.5", "3.6.27 3.6.28", {}, "3.6.28", "the newest where nothing weighs"],
  ["2.9.42", "2.9.57 2.9.58", { controllerType: "caas" }, "2.9.57", "2.9.58 is passed over on Kubernetes"],
  ["2.9.42", "2.9.57 2.9.58", {}, "2.9.58", "and not on machines"],
  ["2.9.42", "2.9.58 2.9.59", { controllerType: "caas" }, "2.9.59", "2.9.59 repairs it"],
  ["3.6.27", "4.0.0 4.0.1", { how: "migrate" }, "4.0.1", "4.0.0 takes no models at all"],
  ["3.6.27", "4.0.3 4.0.11 4.0.12", { how: "migrate" }, "4.0.12", "4.0.12 is better"],
  ["2.9.20", "2.9.24 2.9.25", {}, "2.9.24", "2.9.25 is passed over"],
  ["3.6.5", "3.6.40", {}, "3.6.40", "what is not known has nothing against it"],
] as const)("from %s out of %s", ([from, candidates, changes, expected]) => {
  expect(prefer(from, candidates, changes)).toBe(expected);
});

test("nothing is preferred out of nothing", () => {
  expect(prefer("3.6.5", "3.6.27")).toBe("3.6.27");
  expect(preferTarget(context("3.6.5"), [])).toBeUndefined();
});

test("names what was not chosen and what is not known", () => {
  const preferred = preferTarget(context("3.6.14"), versions("3.6.18 3.6.21"));
  expect(preferred?.skipped.map(({ version }) => formatVersion(version))).toEqual(["3.6.21"]);
  expect(preferred?.isKnown).toBe(true);
  expect(preferTarget(context("3.6.14"), versions("3.6.99"))?.isKnown).toBe(false);
});

describe("for a target that was named", () => {
  test.for([
    ["3.6.14", "3.6.21", "3.6.24"],
    ["3.6.14", "3.6.23", "3.6.24"],
    ["3.6.14", "3.6.24", undefined],
    ["3.6.21", "3.6.24", undefined],
  ] as const)("from %s to %s a better one is %s", ([from, named, better]) => {
    const found = betterTarget(context(from), parseVersion(named), versions("3.6.19 3.6.21 3.6.23 3.6.24"));
    expect(found === undefined ? undefined : formatVersion(found)).toBe(better);
  });

  test("the reason is a sentence", () => {
    const reasons = reasonsAgainst(context("3.6.14"), parseVersion("3.6.21"));
    expect(formatReasons(parseVersion("3.6.21"), reasons)).toContain("3.6.24 or later");
  });
});

const against319 = (isHighlyAvailable: boolean | undefined) =>
  reasonsAgainst(context("3.6.5", { isHighlyAvailable }), parseVersion("3.6.19")).map(({ id }) => id);

test("several nodes weigh only where there may be several", () => {
  expect(against319(false)).not.toContain("cve-2026-4370");
  expect(against319(true)).toContain("cve-2026-4370");
  expect(against319(undefined)).toContain("cve-2026-4370");
});

test("every preference has a sentence and a source", () => {
  for (const { because, source } of TARGET_PREFERENCES) {
    expect(because).toMatch(/\.$/);
    expect(source).not.toBe("");
  }
});

describe("bases that the source accepts", () => {
  test.for([
    ["2.9.52", "20.04", "may-be-refused"],
    ["2.9.52", "24.04", "may-be-refused"],
    ["2.9.52", "22.04", "passes"],
    ["2.9.52", "22.10", "refused"],
    ["2.9.53", "20.10", "passes"],
    ["2.9.53", "18.04", "refused"],
    ["3.4.3", "24.04", "refused"],
    ["3.4.4", "24.04", "passes"],
    ["3.5.1", "24.04", "refused"],
    ["3.6.12", "23.10", "refused"],
    ["3.6.13", "23.10", "passes"],
    ["3.6.13", "26.04", "passes"],
  ] as const)("%s with %s: %s", ([source, ubuntu, passage]) => {
    expect(ubuntuPassage(parseVersion(source), ubuntu)).toBe(passage);
  });

  test.for([
    ["2.9.52", ["20.04"], "2.9.53"],
    ["2.9.43", ["22.04", "24.04"], "2.9.53"],
    ["2.9.52", ["22.04"], undefined],
    ["2.9.53", ["20.04"], undefined],
    ["2.9.52", ["18.04"], undefined],
    ["3.4.2", ["24.04"], "3.4.4"],
    ["3.5.0", ["24.04"], "3.5.2"],
    ["3.6.5", ["23.04"], "3.6.13"],
    ["3.3.5", ["24.04"], undefined],
  ] as const)("%s with %j needs an upgrade to %s", ([source, ubuntu, minimum]) => {
    expect(sourceUpgradeFor(parseVersion(source), ubuntu)?.minimum).toBe(minimum);
  });

  test("the reason shows whether it is certain", () => {
    expect(sourceUpgradeFor(parseVersion("2.9.52"), ["24.04"])?.because).toContain("may refuse");
    expect(sourceUpgradeFor(parseVersion("3.5.1"), ["24.04"])?.because).toContain("refuses");
  });
});

test.for([
  ["2.9.61", true],
  ["2.9.62", false],
  ["3.6.28.1", true],
  ["3.6.29", false],
  ["3.7.0", false],
  ["4.0.15", true],
  ["4.1-beta2", true],
  ["4.1.0", false],
  ["1.25.13", true],
  ["5.0.0", false],
] as const)("%s is known: %s", ([version, isKnown]) => {
  expect(isKnownVersion(parseVersion(version))).toBe(isKnown);
});
