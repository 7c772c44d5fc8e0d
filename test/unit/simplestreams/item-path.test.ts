import { fc, test as property } from "../../helpers/property.ts";
import { describe, expect, test } from "vitest";
import { isJamError } from "../../../src/shared/errors.ts";
import { isTreePath } from "../../../src/store/layout.ts";
import { itemPathFault, parseItemPath, pathFault } from "../../../src/simplestreams/item-path.ts";

describe("accepts the paths that upstream has used", () => {
  test.for([
    "agent/3.6.5/juju-3.6.5-linux-amd64.tgz",
    "agent/2.9.12/juju-2.9.12-ubuntu-amd64.tgz",
    "agent/2.0-beta7/juju-2.0-beta7-xenial-amd64.tgz",
    "agent/2.9-rc13/juju-2.9-rc13-windows-amd64.tgz",
    "releases/juju-1.18.4-trusty-amd64.tgz",
    "proposed/juju-1.20.1-centos7-amd64.tgz",
    "a",
    "a/b/c/d/e/f/g/h",
    "A+b~c_d.e",
    "agent/3.6.5/juju%".slice(0, 16),
    `agent/${"x".repeat(255)}`,
    `${"x".repeat(255)}/${"y".repeat(255)}`,
    "stream/v1/x.tgz",
  ])("%s", (path) => {
    expect(parseItemPath(path)).toBe(path);
  });
});

test("accepts colons, which the names of product files for the oldest clients contain", () => {
  expect(pathFault("streams/v1/com.ubuntu.juju:released:tools.json")).toBeUndefined();
});

describe("refuses paths that could leave the mirror or mean two things", () => {
  const unsafe: string[] = [
    "",
    "/",
    "/etc/passwd",
    "//host/x",
    "///",
    "agent//x",
    "agent/",
    "/agent",
    ".",
    "..",
    "./agent",
    "agent/.",
    "agent/..",
    "../agent",
    "agent/../x",
    "agent/../../etc/passwd",
    "agent/x/..",
    "...",
    "agent/.../x",
    ".hidden",
    "agent/.hidden",
    "-rf",
    "agent/-x",
    "~root",
    "agent/~x",
    "_x",
    "+x",
    ":x",
    "agent/x.",
    "agent./x",
    "agent/x..",
    "agent/x ",
    " agent/x",
    "agent/ x",
    "agent/a b",
    "agent /x",
    "agent\\x",
    "..\\x",
    "agent\\..\\x",
    "C:\\x",
    "\\\\host\\x",
    "%2e%2e/x",
    "agent/%2e%2e/x",
    "agent%2fx",
    "agent/%00",
    "agent/x%",
    "agent/x?y",
    "agent/x#y",
    "agent/x&y",
    "agent/x;y",
    "agent/x=y",
    "agent/x@y",
    "agent/x!",
    "agent/$HOME",
    "agent/`x`",
    "agent/$(x)",
    "agent/x|y",
    "agent/x>y",
    "agent/x<y",
    "agent/*",
    "agent/[x]",
    "agent/{x}",
    "agent/(x)",
    "agent/x'y",
    'agent/x"y',
    "agent/x,y",
    "agent/x^y",
    "http://evil/x",
    "https://evil/x",
    "file:///etc/passwd",
    "javascript:x/../y",
    "agent/x\0",
    "agent/\0x",
    "agent/x\n",
    "agent/x\r\n",
    "agent/\tx",
    "agent/x\u001b[31m",
    "agent/x\u007f",
    "agent/x\u0085",
    "agent/x\u00a0",
    "agent/\u200bx",
    "agent/\u202ex",
    "agent/\u2028x",
    "agent/\u{feff}x",
    "agent/é",
    "agent/e\u0301",
    "agent/ａ",
    "аgent/x",
    "agent／x",
    "agent∕x",
    "．．/x",
    "agent/․․/x",
    "agent/x\u2024",
    "agent/ﬁle",
    "agent/\u212a",
    "agent/😀",
    "agent/\ud800",
    "a/b/c/d/e/f/g/h/i",
    "x".repeat(513),
    `${"x/".repeat(7)}${"y".repeat(500)}`,
    "a/".repeat(5000),
    "../".repeat(5000),
    "streams",
    "streams/v1/index2.json",
    "streams/v1/evil.tgz",
    "Streams/v1/index2.json",
    "STREAMS",
    `agent/${"x".repeat(256)}`,
    `${"x".repeat(256)}/y.tgz`,
    `agent/3.6.5/juju-3.6.5-linux-${"x".repeat(250)}.tgz`,
  ];

  test.for(unsafe)("%j", (path) => {
    expect(itemPathFault(path)).toBeTypeOf("string");
    expect(() => parseItemPath(path)).toThrow(expect.objectContaining({ code: "JAM_ITEM_REFUSED" }));
  });
});

test("names the path without its control characters", () => {
  expect(() => parseItemPath("agent/\u001b[2J\nx")).toThrow(String.raw`"agent/\u{1b}[2J\u{a}x"`);
});

const anyPath = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(fc.constantFrom("..", ".", "", "a", "streams", "%2e", "\\", "-x", "a.b", "\0", ":"), {
      maxLength: 9,
    })
    .map((parts) => parts.join("/")),
  fc.stringMatching(/^[A-Za-z0-9._+~:/-]{0,40}$/),
  fc
    .array(fc.nat(300), { maxLength: 3 })
    .map((lengths) => lengths.map((length) => "x".repeat(length)).join("/")),
);

property.prop([anyPath])("lets no path out of the base, and changes none", (path) => {
  try {
    expect(parseItemPath(path)).toBe(path);
  } catch (error) {
    if (!isJamError(error, "JAM_ITEM_REFUSED")) throw error;
    return;
  }
  expect(isTreePath(path)).toBe(true);
  const url = new URL(path.replaceAll(":", "%3A"), "http://mirror/tools/");
  expect(decodeURIComponent(url.pathname)).toBe(`/tools/${path}`);
  expect(url.host).toBe("mirror");
});
