import { fc, test } from "../../helpers/property.ts";
import { expect, test as plain } from "vitest";
import { isMirrorsFile, isNeverCurated, parseTarget, snapshotInPath } from "../../../src/server/target.ts";

plain.for([
  ["/agent/3.6.5/juju-3.6.5-linux-amd64.tgz", "agent/3.6.5/juju-3.6.5-linux-amd64.tgz"],
  ["/streams/v1/index2.json?x=1", "streams/v1/index2.json"],
  ["/streams/v1/com.ubuntu.juju%3Areleased%3Atools.json", "streams/v1/com.ubuntu.juju:released:tools.json"],
  ["/streams/v1/com.ubuntu.juju:released:tools.json", "streams/v1/com.ubuntu.juju:released:tools.json"],
])("reads %s as a catalogue key", ([target, key]) => {
  expect(parseTarget(target as string)).toBe(key);
});

plain.for([
  "/",
  "/../etc/passwd",
  "/a/../b",
  "/%2e%2e/etc/passwd",
  "/%252e%252e/x",
  "/a%2f..%2fb",
  "/a%5c..%5cb",
  "/a\\b",
  "/a%00b",
  "//a",
  "/a//b",
  "/./a",
  "/a/",
  "/%ff",
  "/%",
  "/%zz",
  "/.hidden",
  "/-rf",
  `/${"a".repeat(600)}`,
  "/a/b/c/d/e/f/g/h/i",
])("sees no key in %s", (target) => {
  expect(parseTarget(target)).toBeUndefined();
});

test.prop([fc.string({ unit: "binary" })])("never gives a key with a way out of the base", (text) => {
  const key = parseTarget(`/${text}`);
  if (key === undefined) return;
  expect(key.split("/")).not.toContain("..");
  expect(key).toMatch(/^[A-Za-z0-9][A-Za-z0-9._+~:/-]*$/);
});

plain.for([
  ["streams/v1/index2.sjson", true, false],
  ["streams/v1/index2.json.gpg", true, false],
  ["streams/v1/mirrors.json", true, true],
  ["streams/v1/mirrors.sjson", true, true],
  ["streams/v1/cpc-mirrors.sjson", true, true],
  ["streams/v1/cpc-mirrors.json", true, true],
  ["streams/v1/index2.json", false, false],
  ["agent/mirrors/juju.tgz", false, false],
] as const)("knows what no face may serve: %s", ([path, neverCurated, mirrors]) => {
  expect([isNeverCurated(path), isMirrorsFile(path)]).toEqual([neverCurated, mirrors]);
});

plain("finds the snapshot in a document's path", () => {
  expect(snapshotInPath("streams/v1/20260101T000000Z-1a2b3c4d/com.ubuntu.juju-released-agents.json")).toBe(
    "20260101T000000Z-1a2b3c4d",
  );
  expect(snapshotInPath("streams/v1/index2.json")).toBeUndefined();
});
