import { describe, expect, test } from "vitest";
import { DEFAULTS } from "../../../src/config/defaults.ts";
import { describeSettings } from "../../../src/config/describe.ts";
import { ENVIRONMENT_SETTINGS, readEnvironment } from "../../../src/config/environment.ts";
import { applyFlags } from "../../../src/config/flags.ts";
import { findListen, formatListen, parseListen } from "../../../src/config/listen.ts";
import { parsePercent } from "../../../src/config/percent.ts";
import { configKeys } from "../../../src/config/reference.ts";
import { resolveConfig } from "../../../src/config/resolve.ts";
import { configJsonSchema, configSchema } from "../../../src/config/schema.ts";
import { isJamError } from "../../../src/shared/errors.ts";

const BUILT_IN = resolveConfig({}, undefined, "/srv");

test("the defaults pass the check that files have to pass", () => {
  expect(configSchema.safeParse(DEFAULTS).success).toBe(true);
});

test("without any settings the newest released agents for two architectures are kept below ./mirror-data", () => {
  expect(BUILT_IN).toMatchObject({
    mode: "online",
    data: "/srv/mirror-data",
    keys: "/srv/jam-keys",
    site: undefined,
    rules: { select: [{ streams: ["released"], arch: ["amd64", "arm64"], keep: 2 }] },
    fetch: { jobs: 8, limitRate: undefined, idleTimeoutMs: 30_000, retries: 4 },
    retention: { snapshots: 20, graceMs: 21_600_000, quota: undefined, maxRemoval: 0.4 },
    server: { host: "127.0.0.1", port: 8080 },
  });
});

test("paths in a file start at the file's folder; URLs, absolute paths and the two words stay", () => {
  const config = resolveConfig(
    {
      data: "data",
      keys: "keys",
      upstreams: [
        { name: "a", url: "usb/tools", keyring: "keys.asc" },
        { name: "b", url: "https://mirror/tools", keyring: "none" },
        { name: "c", url: "/media/tools" },
      ],
      fetch: { caFile: "../ca.pem" },
    },
    "/etc/jam/jam.yaml",
    "/etc/jam",
  );
  expect(config.data).toBe("/etc/jam/data");
  expect(config.keys).toBe("/etc/jam/keys");
  expect(config.fetch.caFile).toBe("/etc/ca.pem");
  expect(config.upstreams.map(({ url, keyring }) => [url, keyring])).toEqual([
    ["/etc/jam/usb/tools", "/etc/jam/keys.asc"],
    ["https://mirror/tools", "none"],
    ["/media/tools", "builtin"],
  ]);
});

test.for(["Plant", "-a", "a b", "", "a".repeat(64)])("refuses %j as the name of a site", (site) => {
  expect(configSchema.safeParse({ site }).success).toBe(false);
});

test("a word alone is a list of one", () => {
  const { rules } = resolveConfig({ select: [{ stream: "devel", arch: "s390x" }] }, undefined, "/");
  expect(rules.select).toEqual([{ streams: ["devel"], arch: ["s390x"] }]);
});

describe("flags", () => {
  test("win, and their paths start at the working folder", () => {
    const config = applyFlags(
      BUILT_IN,
      {
        data: "d",
        listen: "[::1]:0",
        jobs: "8",
        limitRate: "1MiB",
        idleTimeout: "PT5S",
        retries: "0",
        keyring: "k.asc",
      },
      "/home/me",
    );
    expect(config).toMatchObject({
      data: "/home/me/d",
      server: { host: "::1", port: 0 },
      fetch: { jobs: 8, limitRate: 1_048_576, idleTimeoutMs: 5_000, retries: 0 },
      upstreams: [{ name: "canonical", keyring: "/home/me/k.asc" }],
    });
  });

  test("an upstream replaces those of the file and keeps the keyring", () => {
    expect(applyFlags(BUILT_IN, { upstream: "usb" }, "/home/me").upstreams).toEqual([
      { name: "command-line", url: "/home/me/usb", keyring: "builtin" },
    ]);
  });

  test.for([
    ["jobs", "65"],
    ["jobs", "4.5"],
    ["limitRate", "fast"],
    ["idleTimeout", "30s"],
    ["retries", "-1"],
    ["listen", "8080"],
  ] as const)("refuse %s %s", ([flag, value]) => {
    expect(() => applyFlags(BUILT_IN, { [flag]: value }, "/")).toThrow(
      expect.objectContaining({ code: "JAM_USAGE_INVALID" }),
    );
  });
});

describe("the environment", () => {
  test("names each setting after its key", () => {
    expect(ENVIRONMENT_SETTINGS.map(({ variable }) => variable)).toContain("JAM_RETENTION_MAX_REMOVAL");
  });

  test("gives numbers as numbers, and an empty variable gives nothing", () => {
    const values = readEnvironment({ JAM_FETCH_JOBS: "8", JAM_DATA: "" });
    expect(values).toEqual([{ variable: "JAM_FETCH_JOBS", path: ["fetch", "jobs"], value: 8 }]);
  });

  test("gives the name of a site as text, even one of digits", () => {
    expect(readEnvironment({ JAM_SITE: "12" })).toMatchObject([{ path: ["site"], value: "12" }]);
  });

  test("is refused for a slip of one of our names, not for the variables of others", () => {
    const error = (() => {
      try {
        return readEnvironment({ JAM_DATE: "/srv" });
      } catch (caught) {
        return caught;
      }
    })();
    expect(isJamError(error, "JAM_CONFIG_INVALID") && error.hint).toBe(
      "Did you mean JAM_DATA? Otherwise unset it.",
    );
    expect(readEnvironment({ JAM_SESSION_TOKEN: "x" })).toEqual([]);
  });

  test("has only variables whose key the file knows", () => {
    const keys = configKeys();
    expect(ENVIRONMENT_SETTINGS.filter(({ path }) => !keys.includes(path.join(".")))).toEqual([]);
  });
});

test("each setting says who gave it, without the password of an upstream", () => {
  const settings = describeSettings(
    {
      file: "/etc/jam.yaml",
      settings: {
        mode: "offline",
        fetch: { jobs: 2 },
        upstreams: [{ name: "a", url: "https://me:secret@host/x" }],
      },
      environment: [{ variable: "JAM_FETCH_JOBS", path: ["fetch", "jobs"], value: 2 }],
    },
    { data: { flag: "--data", value: "/x" } },
  );
  const from = Object.fromEntries(settings.map((setting) => [setting.key, setting.from]));
  expect(from).toMatchObject({
    mode: "/etc/jam.yaml",
    "fetch.jobs": "JAM_FETCH_JOBS",
    data: "--data",
    "server.listen": "default",
  });
  expect(JSON.stringify(settings)).not.toContain("secret");
});

test.for([
  ["127.0.0.1:8080", { host: "127.0.0.1", port: 8080 }],
  ["[::]:0", { host: "::", port: 0 }],
  ["mirror.example:80", { host: "mirror.example", port: 80 }],
  [":8080", undefined],
  ["8080", undefined],
  ["host:65536", undefined],
  ["::1:80", undefined],
  ["http://host:80", undefined],
] as const)("reads %s as an address to listen on", ([text, address]) => {
  expect(findListen(text)).toEqual(address);
  if (address === undefined) expect(() => parseListen(text)).toThrow("HOST:PORT");
  else expect(formatListen(address)).toBe(text);
});

test.for([
  ["40%", 0.4],
  ["12.5 %", 0.125],
  [0.4, 0.4],
  [1.5, undefined],
  ["101%", undefined],
  ["40", undefined],
] as const)("reads %s as a share", ([value, share]) => {
  expect(parsePercent(value)).toBe(share);
});

test("the JSON Schema for editors closes every mapping and describes every key", () => {
  const open: string[] = [];
  const silent: string[] = [];
  const walk = (node: unknown, path: string): void => {
    if (typeof node !== "object" || node === null) return;
    const { type, properties, additionalProperties } = node as Record<string, unknown>;
    if (type === "object" && properties !== undefined && additionalProperties !== false) open.push(path);
    for (const [key, child] of Object.entries(properties ?? {})) {
      if ((child as Record<string, unknown>)["description"] === undefined) silent.push(`${path}.${key}`);
    }
    for (const [key, child] of Object.entries(node)) walk(child, `${path}.${key}`);
  };
  walk(configJsonSchema(), "");
  expect({ open, silent }).toEqual({ open: [], silent: [] });
});
