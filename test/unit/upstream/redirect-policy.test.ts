import { describe, expect, test } from "vitest";

import { isJamError } from "../../../src/shared/errors.ts";
import { checkRedirect, isPrivateAddress } from "../../../src/upstream/url-policy.ts";

describe("isPrivateAddress", () => {
  test.for([
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "[::1]",
    "fd00::1",
    "fe80::1%eth0",
    "ff02::1",
    "::ffff:127.0.0.1",
    "[::ffff:7f00:1]",
    "64:ff9b::7f00:1",
  ])("%s is", (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  test.for([
    "8.8.8.8",
    "172.32.0.1",
    "100.128.0.1",
    "185.125.190.36",
    "2620:2d:4000:1::36",
    "streams.canonical.com",
    "",
  ])("%s is not", (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });
});

describe("checkRedirect", () => {
  const base = new URL("http://user:secret@streams.example/juju/tools/");
  const policy = { base, origins: ["https://cdn.example", "http://10.0.0.1"] };
  const from = new URL("http://streams.example/juju/tools/agent/a.tgz");

  test.for([
    ["../b.tgz", "http://user:secret@streams.example/juju/tools/b.tgz"],
    ["//streams.example/x", "http://user:secret@streams.example/x"],
    ["https://streams.example/x", "https://streams.example/x"],
    ["https://cdn.example/x", "https://cdn.example/x"],
  ])("follows %s", ([location, expected]) => {
    expect(checkRedirect(from, location, policy).href).toBe(expected);
  });

  test.for([
    "https://evil.example/x",
    "http://streams.example:8080/x",
    "http://cdn.example/x",
    "https://streams.example:8443/x",
    "http://10.0.0.1/x",
    "http://localhost/x",
    "file:///etc/passwd",
    "data:text/plain,x",
    "javascript:alert(1)",
    "http://unix:/run/docker.sock:/info",
    "http://[::1",
    undefined,
  ])("does not follow %s", (location) => {
    let thrown: unknown;
    try {
      checkRedirect(from, location, policy);
    } catch (error) {
      thrown = error;
    }
    if (!isJamError(thrown, "JAM_UPSTREAM_REDIRECT")) throw new Error("followed", { cause: thrown });
    expect(thrown.message).not.toContain("secret");
  });

  test("does not leave https for http, though the upstream is configured with http", () => {
    const secure = new URL("https://streams.example/x");
    expect(() => checkRedirect(secure, "http://streams.example/y", policy)).toThrow("plain http");
  });

  test("stays in a private network when the upstream is there itself", () => {
    const inside = { base: new URL("http://192.168.0.10/tools/"), origins: ["http://10.0.0.1"] };
    expect(checkRedirect(inside.base, "http://10.0.0.1/x", inside).href).toBe("http://10.0.0.1/x");
  });
});
