import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "vitest";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { startCacheSite } from "../../helpers/cache-server.ts";
import { buildSampleTree, itemPath, startUpstream, withSignatureFault } from "../../helpers/upstream.ts";
import { until } from "../../helpers/until.ts";

const ALL = ["3.6.26", "3.6.27", "4.0.15"];
const SIX = ["2.9.60", "3.5.4", ...ALL, "4.0.16"];
const ON_SYNC = { stream: "released", versions: "3.6.27", fetch: "onSync" } as const;
const SELECT = [ON_SYNC, { stream: "released" }];

test.concurrent(
  "the index lists what upstream offers, although nothing is held, and follows it",
  async ({ expect }) => {
    await using site = await startCacheSite();
    expect(await site.listed()).toEqual(ALL);
    expect(await site.readiness()).toMatchObject({ status: 200, upstream: { reachable: true, notes: [] } });
    expect(site.upstream.requests.filter((line) => line.includes(".tgz"))).toEqual([]);
    const { key } = site.upstream.tree;
    site.upstream.publish(
      await buildSampleTree({ releases: [...ALL, "4.0.16"], arches: ["amd64"], oses: ["ubuntu"], key }),
    );
    await until(async () => (await site.listed()).toString() === [...ALL, "4.0.16"].toString());
    // What has not changed is not sent again.
    site.upstream.clearRequests();
    await until(() => site.upstream.records.length >= 2);
    expect(site.upstream.records.map(({ status, bytesSent }) => [status, bytesSent])).toEqual(
      site.upstream.records.map(() => [304, 0]),
    );
  },
);

test.concurrent(
  "the index lists what is held while upstream is away, says so, and lists the rest when it is back",
  async ({ expect }) => {
    await using site = await startCacheSite({
      settings: { select: SELECT },
      before: async (mirror) => expect((await mirror.jam("sync")).status).toBe(0),
    });
    const whole = await site.listed();
    expect(whole).toEqual(ALL);
    await site.lineDown();
    expect(await site.listed()).toEqual(["3.6.27"]);
    const away = await site.readiness();
    expect(away).toMatchObject({ status: 200, ready: true, upstream: { reachable: false } });
    expect(away.upstream.notes[0]?.code).toBe("JAM_UPSTREAM_STATUS");
    const { url, log } = site.server();
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^jam_cache_upstream_reachable 0$/m);
    expect(log()).toContain("the index lists only what is held");
    await site.restart();
    expect(await site.listed()).toEqual(["3.6.27"]);
    await site.lineUp();
    expect(await site.listed()).toEqual(ALL);
    await until(() => site.server().log().includes("Upstream answers again"));
    // Also where an earlier server noted that it was away.
    await site.lineDown();
    site.upstream.clearFaults();
    await site.restart();
    await until(() => site.server().log().includes("Upstream answers again"));
  },
);

test.concurrent(
  "with nothing held and upstream away every look-up is asked to come again",
  async ({ expect }) => {
    await using site = await startCacheSite();
    await site.lineDown();
    expect(await site.listed()).toBe(503);
    expect(await site.readiness()).toMatchObject({ status: 503, ready: false });
    await site.restart();
    expect(await site.listed()).toBe(503);
  },
);

test.concurrent.for([
  ["silent", { kind: "silence" }],
  ["stuck in the middle of a document", { kind: "stall", at: 100 }],
  ["dripping", { kind: "trickle", bytesPerSecond: 50 }],
  ["asking for much patience", { kind: "status", status: 503, retryAfter: 300 }],
] as const)("an upstream that is %s counts as away within one refresh", async ([, fault], { expect }) => {
  // The patience of a sync is longer than this test may take.
  await using site = await startCacheSite({ settings: { select: SELECT, fetch: {} } });
  site.upstream.fault(/^/, fault);
  await until(async () => !(await site.readiness()).upstream.reachable);
  expect(await site.listed()).toBe(503);
  site.upstream.clearFaults();
  await until(async () => (await site.listed()).toString() === ALL.toString());
});

test.concurrent(
  "a server that refreshes often keeps nothing of a refresh that is over",
  async ({ expect }) => {
    await using site = await startCacheSite();
    const refreshes = () => site.upstream.requests.filter((line) => line.includes("index2")).length;
    // Node warns at the eleventh listener.
    await until(() => refreshes() > 12, 60_000);
    expect(site.server().log()).not.toContain("Warning");
  },
);

test.concurrent("cache.stale keeps the whole list for a while", async ({ expect }) => {
  await using site = await startCacheSite({ settings: { cache: { refresh: "PT1S", stale: "PT1H" } } });
  await site.lineDown();
  expect(await site.listed()).toEqual(ALL);
  await site.restart();
  expect(await site.listed()).toEqual(ALL);
});

test.concurrent.for([
  ["a foreign signature", "JAM_METADATA_KEY_UNKNOWN"],
  ["an older index", "JAM_METADATA_ROLLBACK"],
  ["most agents gone", "JAM_METADATA_MASS_REMOVAL"],
] as const)("%s is named, and what was offered before stays", async ([what, code], { expect }) => {
  const others = { arches: ["amd64"], oses: ["ubuntu"] } as const;
  await using site = await startCacheSite({ upstream: await startUpstream({ releases: SIX, ...others }) });
  const { tree } = site.upstream;
  const { key } = tree;
  const published = {
    "a foreign signature": () => withSignatureFault(tree, "streams/v1/index2.json", "foreign-key"),
    "an older index": () =>
      buildSampleTree({ releases: SIX, ...others, key, now: new Date(Date.now() - 90 * 86_400_000) }),
    "most agents gone": () => buildSampleTree({ releases: ["3.6.26"], ...others, key }),
  };
  site.upstream.publish(await published[what]());
  await until(async () => (await site.readiness()).upstream.notes.length > 0);
  expect(await site.readiness()).toMatchObject({
    status: 200,
    upstream: { reachable: true, notes: [{ code }] },
  });
  expect(await site.listed()).toEqual(SIX);
  site.upstream.publish(await buildSampleTree({ releases: SIX, ...others, key }));
  await until(async () => (await site.readiness()).upstream.notes.length === 0);
});

test.concurrent(
  "a tarball that nobody had requested comes with the first request, and stays when the line is down",
  async ({ expect }) => {
    await using site = await startCacheSite();
    const { upstream } = site;
    const get = (version: string) => fetch(`${site.server().url}/tools/${itemPath(upstream, version)}`);
    const bytesOf = async (version: string) => Buffer.from(await (await get(version)).arrayBuffer());
    const first = await bytesOf("3.6.27");
    expect(sha256Of(first)).toBe(upstream.tree.listings.find((one) => one.version === "3.6.27")?.item.sha256);
    expect(await bytesOf("3.6.27")).toEqual(first);
    expect(upstream.requests.filter((line) => line.includes(".tgz"))).toHaveLength(1);
    await site.lineDown();
    expect(await site.listed()).toEqual(["3.6.27"]);
    expect(await bytesOf("3.6.27")).toEqual(first);
    const missing = await get("4.0.15");
    expect([missing.status, missing.headers.get("retry-after") !== null]).toEqual([503, true]);
    expect((await fetch(`${site.server().url}/tools/agent/none.tgz`)).status).toBe(404);
    await site.restart();
    expect(await site.listed()).toEqual(["3.6.27"]);
    await site.lineUp();
    expect(await site.listed()).toEqual(ALL);
    // The refusal of a moment ago is over with the reason for it.
    expect((await get("4.0.15")).status).toBe(200);
  },
);

test.concurrent(
  "a second cache server on the same data names the first and ends with 6",
  async ({ expect }) => {
    await using site = await startCacheSite();
    const second = await site.mirror.jam("serve", "--listen", "127.0.0.1:0");
    expect([second.status, second.stderr]).toEqual([6, expect.stringContaining("jam serve")]);
  },
);

test.concurrent(
  "in offline mode the server makes no connection, whatever is requested",
  async ({ expect }) => {
    await using site = await startCacheSite({
      settings: { select: SELECT },
      before: async (mirror) => expect((await mirror.jam("sync")).status).toBe(0),
    });
    const { upstream } = site;
    const away = itemPath(upstream, "4.0.15");
    await site.mirror.configure({ mode: "offline" });
    await site.restart();
    const before = [upstream.connections, upstream.requests.length];
    expect(await site.listed()).toEqual(["3.6.27"]);
    for (const path of [
      `tools/${away}`,
      `upstream/tools/${away}`,
      "api/v1/which?current=3.6.26",
      "readyz",
      "metrics",
    ])
      await (await fetch(`${site.server().url}/${path}`)).arrayBuffer();
    expect((await fetch(`${site.server().url}/tools/${away}`)).status).toBe(404);
    // Several turns of a server in cache mode.
    await sleep(3_000);
    expect([upstream.connections, upstream.requests.length]).toEqual(before);
  },
);

test("a mirror that fails to read upstream does not say that upstream can be reached", async ({ expect }) => {
  await using site = await startCacheSite();
  await until(async () => (await site.readiness()).upstream.reachable);
  const note = join(site.mirror.data, "state/offer-reach.json");
  await rm(note);
  await mkdir(join(note, "in the way"), { recursive: true });
  await until(async () => (await site.readiness()).upstream.notes.length > 0);
  expect(await site.readiness()).toMatchObject({
    status: 200,
    upstream: { reachable: false, notes: [{ message: "This mirror fails to read upstream." }] },
  });
  expect(await site.listed()).toEqual(ALL);
  await rm(note, { recursive: true });
  await until(async () => (await site.readiness()).upstream.reachable);
  expect(await site.readiness()).toMatchObject({ upstream: { notes: [] } });
});
