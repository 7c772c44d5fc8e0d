import { describe, expect, test } from "vitest";
import { resolveConfig } from "../../../src/config/config.ts";
import { configKeys, describeSettings } from "../../../src/config/describe.ts";
import { override, overrideUpstreams, readEnvironment, readFlags } from "../../../src/config/overrides.ts";
import { configJsonSchema, configSchema, type ConfigFile } from "../../../src/config/schema.ts";
import { DEFAULT_UPSTREAM, DEFAULTS, SETTING_LIST, settingVariable } from "../../../src/config/settings.ts";
import { findListen, formatListen, parsePercent } from "../../../src/config/values.ts";
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

test.for<[string | number | undefined, string | number]>([
  [undefined, 1],
  [4, 4],
  ["16", 16],
  ["auto", "auto"],
])("workers: %s is %s", ([workers, meant]) => {
  const server = workers === undefined ? {} : { workers };
  expect(resolveConfig({ server }, undefined, "/").workers).toBe(meant);
});

test("cache mode has its own settings, and each rule says when its tarballs are fetched", () => {
  const settings: ConfigFile = {
    mode: "cache",
    select: [{ stream: "released", fetch: "onSync" }, { stream: "devel" }],
    cache: { quota: "1GiB", refresh: "PT1M", stale: "P1D" },
  };
  const { mode, cache, rules } = resolveConfig(settings, undefined, "/");
  expect({ mode, cache }).toEqual({
    mode: "cache",
    cache: { quota: 2 ** 30, refreshMs: 60_000, staleMs: 86_400_000, upstreams: [CANONICAL] },
  });
  expect(rules.select.map(({ fetch }) => fetch)).toEqual(["onSync", undefined]);
  expect(BUILT_IN.cache).toMatchObject({ quota: undefined, refreshMs: 300_000, staleMs: 0 });
});

const CANONICAL = { name: "canonical", quota: undefined, refreshMs: 60_000, staleMs: 86_400_000 };

const upstream = (name: string, cache?: NonNullable<ConfigFile["upstreams"]>[number]["cache"]) => ({
  name,
  url: "./x",
  ...(cache && { cache }),
});

test("an upstream's own settings of the cache come before those of the whole cache, one by one", () => {
  const settings: ConfigFile = {
    mode: "cache",
    upstreams: [
      upstream("own", { quota: "2GiB", refresh: "PT1H", stale: "PT0S" }),
      upstream("some", { stale: "P2D" }),
      upstream("none"),
    ],
    cache: { quota: "1GiB", refresh: "PT1M", stale: "P1D" },
  };
  expect(resolveConfig(settings, undefined, "/").cache.upstreams).toEqual([
    { name: "own", quota: 2 ** 31, refreshMs: 3_600_000, staleMs: 0 },
    { ...CANONICAL, name: "some", staleMs: 2 * 86_400_000 },
    { ...CANONICAL, name: "none" },
  ]);
});

test("each upstream's settings of the cache are described, with the place where each comes from", () => {
  const settings: ConfigFile = {
    mode: "cache",
    upstreams: [{ name: "far", url: "./x", cache: { refresh: "PT1H" } }],
    cache: { quota: "1GiB" },
  };
  const file = "/srv/jam.yaml";
  const rows = (mode: "cache" | "online", given: ConfigFile) =>
    describeSettings({
      settings: { ...given, mode },
      config: resolveConfig({ ...given, mode }, file, "/srv"),
      file,
      overrides: [],
    })
      .filter(({ key }) => key.startsWith("upstreams."))
      .map(({ key, value, from }) => [key, value, from]);
  const whole = [
    ["upstreams.far.cache.quota", "1GiB", "cache.quota"],
    ["upstreams.far.cache.refresh", "PT1H", file],
    ["upstreams.far.cache.stale", "PT0S", "cache.stale"],
  ];
  expect(rows("cache", settings)).toEqual(whole);
  // Whoever has set it sees it in every mode; it counts in cache mode only.
  expect(rows("online", settings)).toEqual(whole);
  expect(rows("online", {})).toEqual([]);
  expect(rows("cache", {}).map(([key]) => key)).toContain("upstreams.canonical.cache.quota");
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
  test("win, and their paths are relative to the working directory", () => {
    const flags = {
      data: "d",
      "server.listen": "[::1]:0",
      "fetch.jobs": "8",
      "fetch.limitRate": "1MiB",
      "fetch.idleTimeout": "PT5S",
      "fetch.retries": "0",
      "fetch.caFile": "ca.pem",
    };
    const settings = override<ConfigFile>({ fetch: { jobs: 2 } }, readFlags(flags, "/home/me"));
    expect(resolveConfig(settings, "/etc/jam.yaml", "/etc")).toMatchObject({
      data: "/home/me/d",
      server: { host: "::1", port: 0 },
      fetch: {
        jobs: 8,
        limitRate: 1_048_576,
        idleTimeoutMs: 5_000,
        retries: 0,
        caFile: "/home/me/ca.pem",
      },
    });
  });

  test("a keyring replaces that of each upstream", () => {
    const upstreams = [DEFAULT_UPSTREAM, { name: "b", url: "/b", keyring: "none" }];
    expect(overrideUpstreams(upstreams, { keyring: "k.asc" }, "/home/me")).toEqual([
      { ...DEFAULT_UPSTREAM, keyring: "/home/me/k.asc" },
      { name: "b", url: "/b", keyring: "/home/me/k.asc" },
    ]);
  });

  test("an upstream replaces those of the file and keeps the keyring", () => {
    expect(overrideUpstreams([DEFAULT_UPSTREAM], { upstream: "usb" }, "/home/me")).toEqual([
      { name: "command-line", url: "/home/me/usb", keyring: "builtin" },
    ]);
  });

  test.for([
    ["fetch.jobs", "65", "--jobs: expected a whole number from 1 to 64"],
    ["fetch.jobs", "4.5", "--jobs: expected a whole number from 1 to 64"],
    ["fetch.limitRate", "fast", "--limit-rate: expected a size"],
    ["fetch.idleTimeout", "30s", "--idle-timeout: expected an ISO 8601 duration"],
    ["fetch.retries", "-1", "--retries: expected a whole number from 0 to 100"],
    ["server.workers", "0", "--workers: expected a whole number from 1 to 16, or auto"],
    ["server.workers", "17", "--workers: expected a whole number from 1 to 16, or auto"],
    ["server.workers", "many", "--workers: expected a whole number from 1 to 16, or auto"],
    ["server.listen", "8080", "--listen: expected HOST:PORT"],
  ] as const)("refuse %s %s", ([key, value, message]) => {
    expect(() => readFlags({ [key]: value }, "/")).toThrow(
      expect.objectContaining({ code: "JAM_USAGE_INVALID", message: expect.stringContaining(message) }),
    );
  });
});

describe("the environment", () => {
  test("names each setting after its key", () => {
    expect(SETTING_LIST.map(([key]) => settingVariable(key))).toContain("JAM_RETENTION_MAX_REMOVAL");
  });

  test("gives numbers as numbers, and an empty variable gives nothing", () => {
    const values = readEnvironment({ JAM_FETCH_JOBS: "8", JAM_DATA: "" }, "/");
    expect(values).toEqual([{ source: "JAM_FETCH_JOBS", key: "fetch.jobs", value: 8 }]);
  });

  test("gives the name of a site as text, even one of digits", () => {
    expect(readEnvironment({ JAM_SITE: "12" }, "/")).toMatchObject([{ key: "site", value: "12" }]);
  });

  test("is refused for a slip of one of our names, not for the variables of others", () => {
    const error = (() => {
      try {
        return readEnvironment({ JAM_DATE: "/srv" }, "/");
      } catch (caught) {
        return caught;
      }
    })();
    expect(isJamError(error, "JAM_CONFIG_INVALID") && error.hint).toBe(
      "Did you mean JAM_DATA? Otherwise unset it.",
    );
    expect(readEnvironment({ JAM_SESSION_TOKEN: "x" }, "/")).toEqual([]);
  });

  test("has only variables whose key the file knows", () => {
    const keys = configKeys();
    expect(SETTING_LIST.filter(([key]) => !keys.includes(key))).toEqual([]);
  });
});

test("each setting says who gave it, without the password of an upstream", () => {
  const file = "/etc/jam.yaml";
  const settings: ConfigFile = {
    mode: "offline",
    data: "/x",
    fetch: { jobs: 2 },
    upstreams: [{ name: "a", url: "https://me:secret@host/x" }],
  };
  const described = describeSettings({
    file,
    settings,
    config: resolveConfig(settings, file, "/etc"),
    overrides: [
      { source: "JAM_FETCH_JOBS", key: "fetch.jobs", value: 2 },
      { source: "JAM_DATA", key: "data", value: "/y" },
      { source: "--data", key: "data", value: "/x" },
    ],
  });
  const from = Object.fromEntries(described.map((setting) => [setting.key, setting.from]));
  expect(from).toMatchObject({
    mode: "/etc/jam.yaml",
    "fetch.jobs": "JAM_FETCH_JOBS",
    data: "--data",
    "server.listen": "default",
  });
  expect(JSON.stringify(described)).not.toContain("secret");
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
  if (address !== undefined) expect(formatListen(address)).toBe(text);
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
