import { expect, test } from "vitest";
import {
  formatControl,
  formatDebianChangelog,
  readMaintainer,
} from "../../../scripts/package/deb/control.ts";
import { debianVersion, debName } from "../../../scripts/package/deb/package-name.ts";

const OPTIONS = {
  version: "1.2.0",
  architecture: "arm64",
  glibc: "2.28",
  maintainer: "A <a@b.example>",
  installedKiB: 7,
  madeAt: 1_700_000_000,
};

test.for([
  ["1.2.0", "1.2.0-1"],
  // dpkg sorts a tilde before the end of a version: the release is newer than its candidates.
  ["1.2.0-rc.1", "1.2.0~rc.1-1"],
] as const)("version %s of jam is version %s of the package", ([version, expected]) => {
  expect(debianVersion(version)).toBe(expected);
  expect(debName(version, "arm64")).toBe(`juju-agent-mirror_${expected}_arm64.deb`);
});

test("no field of the control file is empty, and its text has no line that would end it", () => {
  const lines = formatControl(OPTIONS).trimEnd().split("\n");
  expect(lines.filter((line) => !/^(?:[A-Z][\w-]*: \S| \S)/.test(line))).toEqual([]);
  expect(lines).toContain("Version: 1.2.0-1");
  expect(lines).toContain("Installed-Size: 7");
});

test("the changelog has the date in the form of RFC 5322, in UTC", () => {
  expect(formatDebianChangelog(OPTIONS)).toContain(" -- A <a@b.example>  Tue, 14 Nov 2023 22:13:20 +0000\n");
});

test("the maintainer is the one of Debian's variables, if both are set", () => {
  expect(readMaintainer({ DEBFULLNAME: "A", DEBEMAIL: "a@b.example" })).toBe("A <a@b.example>");
  expect(readMaintainer({ DEBEMAIL: "a@b.example" })).toMatch(/^jam maintainers </);
});
