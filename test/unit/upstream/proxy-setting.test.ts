import { describe, expect, test } from "vitest";

import { isJamError } from "../../../src/shared/errors.ts";
import { proxyFor, readProxySettings } from "../../../src/upstream/proxy-setting.ts";

describe("readProxySettings", () => {
  test.for<[string, Record<string, string>, Record<string, string>]>([
    ["nothing set", { PATH: "/bin" }, {}],
    ["upper case", { HTTP_PROXY: "http://p:1" }, { HTTP_PROXY: "http://p:1/" }],
    [
      "lower case goes first",
      { HTTP_PROXY: "http://p:1", http_proxy: "http://q:2" },
      { HTTP_PROXY: "http://q:2/" },
    ],
    [
      "an empty value is none",
      { https_proxy: "", HTTPS_PROXY: "https://p:1" },
      { HTTPS_PROXY: "https://p:1/" },
    ],
    ["without scheme", { HTTP_PROXY: "proxy.corp:3128" }, { HTTP_PROXY: "http://proxy.corp:3128/" }],
    ["subdomains of a domain", { NO_PROXY: "corp.example" }, { NO_PROXY: "corp.example,.corp.example" }],
    ["blanks between", { NO_PROXY: "a.b  .c.d,1.2.3.4" }, { NO_PROXY: "a.b,.a.b,.c.d,1.2.3.4" }],
    ["a block", { NO_PROXY: "10.1.2.3/8" }, { NO_PROXY: "10.0.0.0-10.255.255.255" }],
    ["one address as a block", { NO_PROXY: "10.1.2.3/32" }, { NO_PROXY: "10.1.2.3-10.1.2.3" }],
    ["a name with dashes", { NO_PROXY: "my-host" }, { NO_PROXY: "my-host,.my-host" }],
    ["a port", { NO_PROXY: "host:8080" }, { NO_PROXY: "host:8080" }],
    ["everything", { NO_PROXY: "*" }, { NO_PROXY: "*" }],
  ])("%s", ([, environment, expected]) => {
    expect(readProxySettings(environment)).toEqual(expected);
  });

  test.for(["socks5://p:1080", "ftp://p", "http://", "http://[::1"])(
    "refuses %s and names the variable",
    (value) => {
      let thrown: unknown;
      try {
        readProxySettings({ HTTPS_PROXY: value });
      } catch (error) {
        thrown = error;
      }
      if (!isJamError(thrown, "JAM_UPSTREAM_PROXY")) throw new Error("not refused", { cause: thrown });
      expect(thrown.message).toContain("HTTPS_PROXY");
    },
  );
});

describe("proxyFor", () => {
  const settings = readProxySettings({
    HTTP_PROXY: "http://user:secret@plain:3128",
    HTTPS_PROXY: "https://tls:8443",
    NO_PROXY: "corp.example, *.lab.test, .only.sub, 10.0.0.0/24, host:8080",
  });

  test.for<[string, string | undefined]>([
    ["http://streams.canonical.com/", "http://plain:3128"],
    ["https://streams.canonical.com/", "https://tls:8443"],
    ["http://corp.example/", undefined],
    ["http://a.corp.example/", undefined],
    ["http://notcorp.example/", "http://plain:3128"],
    ["http://x.lab.test/", undefined],
    ["http://x.only.sub/", undefined],
    ["http://10.0.0.77/", undefined],
    ["http://10.0.1.0/", "http://plain:3128"],
    ["http://host:8080/", undefined],
    ["http://host:8081/", "http://plain:3128"],
    ["http://CORP.example/", undefined],
  ])("%s → %s", ([url, expected]) => {
    expect(proxyFor(new URL(url), settings)).toBe(expected);
  });
});
