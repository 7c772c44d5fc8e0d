import { fc, test as property } from "../../helpers/property.ts";
import { compare } from "semver";
import { describe, expect, test } from "vitest";
import { isInRange, namesPrerelease, parseVersionRange, toSemver } from "../../../src/juju/version-range.ts";
import { compareVersions, formatVersion, parseVersion, type JujuVersion } from "../../../src/juju/version.ts";

describe("takes by Juju's order", () => {
  test.for<[range: string, inside: string, outside: string]>([
    [
      ">=2.9.49 <3 || >=3.6",
      "2.9.49 2.9.49.1 2.9.60 3.6-beta1 3.6.0 4.0.5",
      "2.9.48 2.9.48.9 3.0-beta1 3.0.0 3.5.7",
    ],
    ["2.9.42", "2.9.42", "2.9.42.1 2.9.41 2.9.43"],
    ["2.9.42.1", "2.9.42.1", "2.9.42 2.9.42.2 2.9.43"],
    ["3.6-beta2", "3.6-beta2", "3.6-beta1 3.6-beta2.1 3.6-rc2 3.6.0"],
    ["=3.6.5", "3.6.5", "3.6.4"],
    [">2.9.42", "2.9.42.1 2.9.43", "2.9.42"],
    ["<=2.9.42", "2.9.42 2.9-rc1", "2.9.42.1"],
    [">=2.9.42.2", "2.9.42.2 2.9.43", "2.9.42.1 2.9.42"],
    ["<2.9.43", "2.9.42.99", "2.9.43"],
    ["3.6", "3.6-beta1 3.6.0 3.6.99", "3.5.9 3.7-beta1 3.7.0"],
    ["3.6.x", "3.6.0 3.6.99", "3.7.0"],
    ["3", "3.0-beta1 3.9.9", "2.9.60 4.0-beta1"],
    ["3.*", "3.9.9", "4.0.0"],
    ["*", "1.9.1 2.0-beta1 3.6.5.1", ""],
    ["~3.6.4", "3.6.4 3.6.4.1 3.6.9", "3.6.3 3.7.0"],
    ["~3.6-beta2", "3.6-beta2 3.6-rc1 3.6.9", "3.6-beta1 3.7-beta1"],
    ["^2.9.42", "2.9.42 2.10.0", "2.9.41 3.0-beta1 3.0.0"],
    [">=3.6", "3.6-alpha1 3.6.0", "3.5.9"],
    [">=3.6.0", "3.6.0", "3.6-rc9"],
    ["<3.6", "3.5.99", "3.6-alpha1"],
    ["<3.6.0", "3.6-rc1", "3.6.0"],
    [">=3.6-rc1 <3.6.2", "3.6-rc1 3.6-rc10 3.6.1.5", "3.6-beta9 3.6.2"],
    [">= 2.9 < 3", "2.9-rc1 2.9.1", "3.0.0"],
    ["2.9.30 - 2.9.49", "2.9.30 2.9.49", "2.9.29.1 2.9.49.1 2.9.50"],
    ["2.9 - 3.1", "2.9.0 3.1.9", "3.2-beta1 3.2.0"],
    ["3.6.5||3.6.7", "3.6.5 3.6.7", "3.6.6"],
  ])("%s", ([text, inside, outside]) => {
    const range = parseVersionRange(text);
    const isTaken = (version: string) => isInRange(parseVersion(version), range);
    const [wanted, others] = [inside, outside].map((versions) => versions.split(" ").filter(Boolean)) as [
      string[],
      string[],
    ];
    expect(wanted.filter(isTaken)).toEqual(wanted);
    expect(others.filter(isTaken)).toEqual([]);
  });
});

describe("refuses what is no range, with an example", () => {
  test.for([
    "",
    "  ",
    "||",
    "3 ||",
    "|| 3",
    "3 || || 4",
    ">=2.9,<3",
    "v3",
    "V3.6.5",
    "banana",
    "latest",
    ">>3",
    ">=",
    "=>3",
    "!3",
    "3 -",
    "- 3",
    "3.6-",
    "3.6-beta",
    "3.6.5-beta1",
    "3.6.0+git",
    "02.9",
    "3.6.5.6.7",
    "1.2.3.4.x",
    "99999999999",
    "3.6.5\n; rm",
    "3.6.5\u0000",
  ])("%j", (text) => {
    expect(() => parseVersionRange(text)).toThrow(
      expect.objectContaining({
        code: "JAM_VERSION_INVALID",
        message: expect.stringContaining("The version range"),
        hint: expect.stringContaining(">=2.9.49 <3"),
      }),
    );
  });
});

test("knows the minors of which it names a pre-release", () => {
  const range = parseVersionRange(">=3.6-beta1 <4 || 2.9-rc1");
  const names = (version: string) => namesPrerelease(parseVersion(version), range);
  expect(["3.6-rc1", "2.9-rc2", "3.7-beta1", "4.0-beta1"].map(names)).toEqual([true, true, false, false]);
  expect(namesPrerelease(parseVersion("3.6-rc1"), parseVersionRange(">=3.6"))).toBe(false);
});

const anyVersion: fc.Arbitrary<JujuVersion> = fc.record({
  major: fc.nat({ max: 3 }),
  minor: fc.nat({ max: 3 }),
  tag: fc.constantFrom("", "", "alpha", "beta", "rc", "z"),
  patch: fc.oneof(fc.nat({ max: 12 }), fc.nat({ max: 999_999_999 })),
  build: fc.constantFrom(0, 0, 1, 2, 10, 999_999_999),
});

property.prop([anyVersion, anyVersion])("maps to SemVer without changing the order", (a, b) => {
  expect(Math.sign(compareVersions(a, b))).toBe(compare(toSemver(a), toSemver(b)));
});

property.prop([anyVersion, anyVersion])("compares with one operator as Juju compares", (a, b) => {
  const order = compareVersions(a, b);
  const isTaken = (operator: string) => isInRange(a, parseVersionRange(operator + formatVersion(b)));
  expect(["", "=", ">", ">=", "<", "<="].map(isTaken)).toEqual([
    order === 0,
    order === 0,
    order > 0,
    order >= 0,
    order < 0,
    order <= 0,
  ]);
});

test.for<[text: string, message: string]>([
  ["3.6/stable", 'has the part "3.6/stable"; in a range write 3.6.'],
  [">=3.6.11-genericlinux-amd64", 'has the part ">=3.6.11-genericlinux-amd64"; in a range write 3.6.11.'],
  [">=v2.9.42 <3", 'has the part ">=v2.9.42"; in a range write 2.9.42.'],
  ["nonsense", 'has the part "nonsense", which is not a Juju version.'],
])("%s is refused with what to write", ([text, message]) => {
  expect(() => parseVersionRange(text)).toThrow(message);
});
